import { CliError } from '../io.ts';
import { loadPackage } from '../load-package.ts';
import type { ImageHeader } from './image-header.ts';
import type { Pixels } from './pixels.ts';

const PACKAGE = 'sharp';

/** What is used of the package. */
type Sharp = (bytes: Uint8Array, options: { readonly ignoreIcc: boolean; readonly failOn: 'error' }) => SharpImage;

interface SharpImage {
  toColourspace(space: 'b-w' | 'srgb'): SharpImage;
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
    if (channels !== 1 && channels !== 3) {
      throw new CliError(
        `${path}: must be a gray or RGB image, got a JPEG file of ${channels} channels, which is CMYK (convert it to RGB)`,
      );
    }
    try {
      const image = sharp(bytes, { ignoreIcc: true, failOn: 'error' }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
      const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
      const { width, height } = info;
      if (info.channels === channels) return { height, width, channels, most: 255, data };
    } catch (error) {
      const [text = ''] = (error as Error).message.split('\n');
      throw new CliError(`${path}: must be a whole JPEG file, got "${text}"`);
    }
    throw new CliError(`${path}: must be decoded to ${channels} channels, got another number from ${PACKAGE}`);
  };
}
