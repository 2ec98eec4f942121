import { convertIndexedToRgb, decode, type DecodedPng } from 'fast-png';
import { CliError } from '../io.ts';
import type { Pixels } from './pixels.ts';

/** The image of a PNG file: gray, RGB or a palette, 8 or 16 bits. Throws CliError for a damaged file and for transparency. @internal */
export function decodePng(path: string, bytes: Uint8Array): Pixels {
  const png = decoded(path, bytes);
  const { width, height, depth, palette } = png;
  if (palette)
    return opaque(path, { ...png, data: convertIndexedToRgb(png), channels: palette[0]?.length ?? 3, depth: 8 });
  if (depth === 8 || depth === 16) return opaque(path, png);
  throw new CliError(`${path}: must have 8 or 16 bits per channel, got ${depth} in ${width} x ${height} pixels`);
}

function decoded(path: string, bytes: Uint8Array): DecodedPng {
  try {
    return decode(bytes, { checkCrc: true });
  } catch (error) {
    throw new CliError(`${path}: must be a whole PNG file, got "${(error as Error).message}"`);
  }
}

/** The colours of an image without transparent pixels. */
function opaque(path: string, { width, height, data: all, depth, channels: stored }: DecodedPng): Pixels {
  const most = 2 ** depth - 1;
  const channels = stored > 2 ? 3 : 1;
  const size = width * height * channels;
  const data = depth === 8 ? new Uint8Array(size) : new Uint16Array(size);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      data[pixel * channels + channel] = all[pixel * stored + channel] as number;
    }
    if (stored > channels && all[pixel * stored + channels] !== most) {
      throw new CliError(
        `${path}: must be opaque, got a transparent pixel (${pixel % width}, ${Math.floor(pixel / width)})`,
      );
    }
  }
  return { height, width, channels, most, data };
}
