import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { decode, type DecodedPng } from 'fast-png';
import { CliError } from '../io.ts';
import { inFile, startOf } from '../read-data-file.ts';
import { imagesBelow, someOf } from './folder-listing.ts';
import { type FoundTruth, maskOf } from './found-truth.ts';
import type { Mask } from '../../smoothed/segmentation/masks.ts';

/** Files of a folder of images, for which masks are looked for. @internal */
export interface MaskedImages {
  readonly folder: string;
  readonly files: readonly string[];
}

/** The masks of images: PNG files of the same names below another folder. Throws CliError that names what is missing. @internal */
export async function maskFiles(folder: string, { folder: above, files }: MaskedImages): Promise<FoundTruth> {
  const masks = new Map((await imagesBelow(folder)).map((path) => [nameIn(folder, path), path]));
  const found = files.map((file) => masks.get(nameIn(above, file)));
  const without = files.filter((_, i) => found[i] === undefined);
  if (without.length > 0) {
    const shown = someOf(
      without.map((file) => nameIn(above, file)),
      3,
    );
    const way = 'name each mask as its image, with the ending .png';
    throw new CliError(
      `${folder}: must have a mask for each of the ${files.length} images, got none for ${shown} (${way})`,
    );
  }
  return { from: folder, size: files.length, target: (index) => readMask(found[index] ?? '') };
}

/** The path below a folder without its ending. */
function nameIn(folder: string, path: string): string {
  return relative(folder, path)
    .replaceAll('\\', '/')
    .replace(/\.\w+$/, '');
}

/** The class ids of the pixels of a mask, row after row: the numbers of a palette's entries, or levels of gray. Throws CliError that names the file. */
async function readMask(path: string): Promise<Mask> {
  const bytes = await inFile(path, () => readFile(path));
  const format = startOf(bytes);
  if (format !== 'png') {
    const got =
      format === 'jpeg' ? 'a JPEG file, whose levels are not those that were saved' : 'a file of another kind';
    throw new CliError(`${path}: must be a PNG file whose levels or colours of a palette are class ids, got ${got}`);
  }
  const png = decoded(path, bytes);
  if (png.channels > 1) {
    const way = 'save class ids: an image of mode L or P of Pillow';
    throw new CliError(`${path}: must have one channel of class ids, got ${png.channels} channels of colours (${way})`);
  }
  const ids = png.depth < 8 ? unpacked(png) : Array.from(png.data);
  return maskOf(path, ids, { shape: [png.height, png.width], where: 'a pixel' });
}

function decoded(path: string, bytes: Uint8Array): DecodedPng {
  try {
    return decode(bytes, { checkCrc: true });
  } catch (error) {
    throw new CliError(`${path}: must be a whole PNG file, got "${(error as Error).message}"`);
  }
}

/** Levels of 1, 2 or 4 bits: several in a byte, the first in its highest bits; each line of pixels begins with a byte. */
function unpacked({ width, height, depth, data }: DecodedPng): number[] {
  const perByte = 8 / depth;
  const perLine = Math.ceil(width / perByte);
  return Array.from({ length: width * height }, (_, pixel) => {
    const column = pixel % width;
    const byte = data[Math.floor(pixel / width) * perLine + Math.floor(column / perByte)] as number;
    return (byte >> (8 - depth * ((column % perByte) + 1))) & (2 ** depth - 1);
  });
}
