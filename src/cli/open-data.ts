import { stat } from 'node:fs/promises';
import { cifarDataset, decodeCifar } from '../data/cifar.ts';
import { decodeIdx } from '../data/idx.ts';
import { decodeNpy } from '../data/npy.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import type { NpyArray } from '../data/arrays.ts';
import { CliError } from './io.ts';
import type { DataOptions } from './common-options.ts';
import { detectFormat, type FileFormat, inFile, readPlain } from './read-data-file.ts';
import { joinArrays } from './join-arrays.ts';
import { openFolder } from './open-folder.ts';
import { openNpz } from './open-npz.ts';

/** Data of the command line. @internal */
export interface OpenedData {
  /** The images; all labels are 0 where there are none. */
  readonly dataset: LabelledDataset;
  /** Whether there are labels. */
  readonly isLabelled: boolean;
  /** Names of the classes, where folders name them. */
  readonly classNames?: readonly string[];
  /** Names of the images, where they are files. */
  readonly names?: readonly string[];
}

/** What a command needs of its data. @internal */
export interface DataNeeds {
  /** Whether images without labels will do. */
  readonly allowsUnlabelled?: boolean;
}

/** Opens `--data`. Throws CliError that names the file and what was found. @internal */
export async function openData(
  options: DataOptions,
  { allowsUnlabelled = false }: DataNeeds = {},
): Promise<OpenedData> {
  const { data } = options;
  const found = await inFile(data, () => stat(data));
  const opened = found.isDirectory() ? await openFolder(options) : await openFile(options);
  if (opened.isLabelled || allowsUnlabelled) return opened;
  const way = found.isDirectory()
    ? 'put the images of each class into a folder of its own'
    : 'add --labels with their file';
  throw new CliError(`${data}: must come with labels, got images only (${way})`);
}

async function openFile(options: DataOptions): Promise<OpenedData> {
  const { data, format: asked } = options;
  const bytes = await readPlain(data);
  const isHeaderless = asked === 'cifar10' || asked === 'cifar100';
  const format = isHeaderless ? asked : detectFormat(data, bytes);
  if (asked !== 'auto' && asked !== format) {
    throw new CliError(`${data}: must be ${asked} as --format says, got ${format}`);
  }
  return inFile(data, () => openAs(format, bytes, options));
}

async function openAs(format: FileFormat, bytes: Uint8Array, options: DataOptions): Promise<OpenedData> {
  const { data, labels } = options;
  switch (format) {
    case 'idx':
      return joinArrays(await decodeIdx(bytes), await labelArray(labels));
    case 'npy':
      return joinArrays(await decodeNpy(bytes), await labelArray(labels));
    case 'npz':
      return openNpz(bytes, options);
    case 'cifar10':
    case 'cifar100': {
      const batch = await decodeCifar(bytes, { classes: format === 'cifar10' ? 10 : 100 });
      return { dataset: cifarDataset({ batches: [batch] }), isLabelled: true };
    }
    case 'png':
      throw new CliError(`${data}: must be a folder of PNG files, got one PNG file (name its folder)`);
  }
}

/** The labels of a file of their own, IDX or NPY. */
async function labelArray(path: string | undefined): Promise<NpyArray | undefined> {
  if (path === undefined) return undefined;
  const bytes = await readPlain(path);
  const format = detectFormat(path, bytes);
  if (format === 'idx') return inFile(path, () => decodeIdx(bytes));
  if (format === 'npy') return inFile(path, () => decodeNpy(bytes));
  throw new CliError(`${path}: labels must be IDX or NPY, got ${format}`);
}
