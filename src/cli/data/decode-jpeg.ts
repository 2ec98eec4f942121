import { CliError } from '../io.ts';
import { loadPackage } from '../load-package.ts';
import type { ImageHeader } from './image-header.ts';
import type { Pixels } from './pixels.ts';

const PACKAGE = 'sharp';

/** What is used of the package. */
type Sharp = (bytes: Uint8Array, options: { readonly ignoreIcc: boolean; readonly failOn: 'error' }) => SharpImage;

interface SharpImage {
  toColourspace(space: 'b-w' | 'srgb' | 'cmyk'): SharpImage;
  pipelineColourspace(space: 'cmyk'): SharpImage;
  raw(): SharpImage;
  toBuffer(options: { readonly resolveWithObject: true }): Promise<{
    readonly data: Uint8Array;
    readonly info: { readonly width: number; readonly height: number; readonly channels: number };
  }>;
}

/** Decodes the bytes of a JPEG file of a known header. @internal */
export type JpegDecoder = (path: string, bytes: Uint8Array, header: ImageHeader) => Promise<Pixels>;

/**
 * Opens the decoder of JPEG files, the optional package sharp. Its libjpeg-turbo gives the pixels that Pillow gives: neither turns an image as its
 * EXIF data say, nor applies its colour profile.
 *
 * Throws CliError, which names the file that needs it, where it is not installed.
 * @internal
 */
export async function openJpegDecoder(needed: string): Promise<JpegDecoder> {
  const sharp = (await loadPackage<Sharp>(PACKAGE)) as Sharp | undefined;
  if (sharp === undefined) {
    throw new CliError(
      `${needed}: is a JPEG file, which needs the package ${PACKAGE}, which is not installed (npm install ${PACKAGE}, or convert the images to PNG)`,
    );
  }
  return async (path, bytes, { channels }) => {
    const space = SPACES[channels];
    if (space === undefined) {
      throw new CliError(`${path}: must be a gray, RGB or CMYK image, got a JPEG file of ${channels} channels`);
    }
    try {
      const image = sharp(bytes, { ignoreIcc: true, failOn: 'error' });
      const decoded = (space === 'cmyk' ? image.pipelineColourspace(space) : image).toColourspace(space);
      const { data, info } = await decoded.raw().toBuffer({ resolveWithObject: true });
      const size = { height: info.height, width: info.width, most: 255 };
      if (info.channels === 4 && channels === 4) return { ...size, channels: 3, data: fromCmyk(data) };
      if (info.channels === 1 && channels === 1) return { ...size, channels: 1, data };
      if (info.channels === 3 && channels === 3) return { ...size, channels: 3, data };
    } catch (error) {
      const [text = ''] = (error as Error).message.split('\n');
      throw new CliError(`${path}: must be a whole JPEG file, got "${text}"`);
    }
    throw new CliError(`${path}: must be decoded to ${channels} channels, got another number from ${PACKAGE}`);
  };
}

/** The colours of a file by its number of channels. */
const SPACES: Readonly<Record<number, 'b-w' | 'srgb' | 'cmyk'>> = { 1: 'b-w', 3: 'srgb', 4: 'cmyk' };

/** RGB of CMYK as `convert('RGB')` of Pillow makes it: of the light that black leaves, each colour takes its share, rounded. */
function fromCmyk(cmyk: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: (cmyk.length / 4) * 3 }, (_, i) => {
    const pixel = 4 * Math.floor(i / 3);
    const light = 255 - (cmyk[pixel + 3] as number);
    return light - Math.round(((cmyk[pixel + (i % 3)] as number) * light) / 255);
  });
}
