import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { convertIndexedToRgb, decode, type DecodedPng } from 'fast-png';
import type { LabelledExample } from '../data/labelled-dataset.ts';
import { CliError } from './io.ts';
import type { OpenedData } from './opened-data.ts';
import { inFile } from './read-data-file.ts';

interface LabelledFile {
  readonly path: string;
  readonly label: number;
}

/**
 * Data of a folder of PNG files, each read when it is needed.
 *
 * Folders in it are classes, numbered in the order of their names as ImageFolder of torchvision does; images directly in the folder have no
 * label. All images must have the shape of the first.
 * @internal
 */
export async function openPngFolder(folder: string): Promise<OpenedData> {
  const classNames = await foldersOf(folder);
  const loose = (await pngsOf(folder)).map((path) => ({ path, label: 0 }));
  if (loose.length > 0 && classNames.length > 0) {
    throw new CliError(
      `${folder}: must hold PNG files or one folder for each class, got both (${classNames[0]} and ${loose[0]?.path})`,
    );
  }
  const files = loose.length > 0 ? loose : (await Promise.all(classNames.map(filesOf(folder)))).flat();
  const [first] = files;
  if (first === undefined) throw new CliError(`${folder}: must hold PNG files, or folders with some, got none`);
  const { shape } = await readPng(first.path);
  const example = async (index: number): Promise<LabelledExample> => {
    const file = files[index];
    if (file === undefined) throw new RangeError(`no image ${index} in ${folder}`);
    const image = await readPng(file.path);
    if (image.shape.join() === shape.join()) return { x: image.values, label: file.label };
    const got = `[${image.shape}]`;
    throw new CliError(`${file.path}: must have the shape of the other images, [${shape}], got ${got} (resize it)`);
  };
  return {
    dataset: { size: files.length, shape, example },
    isLabelled: loose.length === 0,
    fromBytes: true,
    names: files.map(({ path }) => path),
    classNames: loose.length === 0 ? classNames : undefined,
  };
}

/** Names of the folders in a folder, links to folders among them, in their order. */
async function foldersOf(folder: string): Promise<string[]> {
  const names = (await inFile(folder, () => readdir(folder))).sort();
  const isFolder = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).isDirectory()));
  return names.filter((_, i) => isFolder[i]);
}

function filesOf(folder: string): (name: string, label: number) => Promise<LabelledFile[]> {
  return async (name, label) => {
    const paths = await pngsOf(join(folder, name));
    if (paths.length > 0) return paths.map((path) => ({ path, label }));
    throw new CliError(`${join(folder, name)}: must hold the PNG files of a class, got none (remove the folder)`);
  };
}

/** The PNG files of a folder in the order of their names. */
async function pngsOf(folder: string): Promise<string[]> {
  const names = await inFile(folder, () => readdir(folder));
  return names
    .filter((name) => name.toLowerCase().endsWith('.png'))
    .sort()
    .map((name) => join(folder, name));
}

/** An image of a PNG file. */
interface PngImage {
  /** [height, width, channels] with 1 channel (gray) or 3. */
  readonly shape: readonly [number, number, number];
  /** Values in [0, 1], row major. */
  readonly values: Float32Array;
}

/** Reads a PNG file: gray, RGB or a palette, 8 or 16 bits. Throws CliError for another file and for transparency. */
async function readPng(path: string): Promise<PngImage> {
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
