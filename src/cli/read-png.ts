import { readFile } from 'node:fs/promises';
import { convertIndexedToRgb, decode, type DecodedPng } from 'fast-png';
import { CliError } from './cli-error.ts';
import { inFile } from './in-file.ts';

/** An image of a PNG file. @internal */
export interface PngImage {
  /** [height, width, channels] with 1 channel (gray) or 3. */
  readonly shape: readonly [number, number, number];
  /** Values in [0, 1], row major. */
  readonly values: Float32Array;
}

/** Reads a PNG file: gray, RGB or a palette, 8 or 16 bits. Throws CliError for another file and for transparency. @internal */
export async function readPng(path: string): Promise<PngImage> {
  const bytes = await inFile(path, () => readFile(path));
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
function opaque(path: string, { width, height, data, depth, channels }: DecodedPng): PngImage {
  const most = 2 ** depth - 1;
  const colours = channels > 2 ? 3 : 1;
  const values = new Float32Array(width * height * colours);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < colours; channel++) {
      values[pixel * colours + channel] = Number(data[pixel * channels + channel]) / most;
    }
    if (channels > colours && data[pixel * channels + colours] !== most) {
      throw new CliError(
        `${path}: must be opaque, got a transparent pixel (${pixel % width}, ${Math.floor(pixel / width)})`,
      );
    }
  }
  return { shape: [height, width, colours], values };
}
