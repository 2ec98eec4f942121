import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabelledExample } from '../data/labelled-dataset.ts';
import { CliError } from './cli-error.ts';
import { inFile } from './in-file.ts';
import type { OpenedData } from './open-data.ts';
import { readPng } from './read-png.ts';

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
    names: files.map(({ path }) => path),
    ...(loose.length === 0 && { classNames }),
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
