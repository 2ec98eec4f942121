import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NpyArray } from '../data/arrays.ts';
import { cifarDataset, decodeCifar } from '../data/cifar.ts';
import { decodeIdx } from '../data/idx.ts';
import { decodeNpy } from '../data/npy.ts';
import type { DataOptions } from './common-options.ts';
import { CliError } from './io.ts';
import { openPngFolder } from './open-png-folder.ts';
import { joinArrays, type OpenedData, openNpz } from './opened-data.ts';
import { detectFormat, type FileFormat, inFile, readPlain } from './read-data-file.ts';

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
      return { dataset: cifarDataset({ batches: [batch] }), isLabelled: true, fromBytes: true };
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

/** Data of a folder: the four files of MNIST, the files of CIFAR, or PNG files. */
async function openFolder({ data, split, format }: DataOptions): Promise<OpenedData> {
  const entries = await inFile(data, () => readdir(data, { withFileTypes: true }));
  const names = entries.map(({ name }) => name).sort();
  const may = (...formats: readonly string[]): boolean => format === 'auto' || formats.includes(format);

  const prefix = split === 'train' ? 'train' : 't10k';
  const images = names.find((name) => name.startsWith(`${prefix}-images`));
  const labels = names.find((name) => name.startsWith(`${prefix}-labels`));
  if (may('idx') && images !== undefined && labels !== undefined) {
    return joinArrays(await idxOf(join(data, images)), await idxOf(join(data, labels)));
  }
  const ten = names.filter((name) => (split === 'train' ? /^data_batch_\d+\.bin/ : /^test_batch\.bin/).test(name));
  const hundred = names.filter((name) => name.startsWith(`${split}.bin`));
  if (may('cifar10') && ten.length > 0) return cifarOf(data, ten, 10);
  if (may('cifar100') && hundred.length > 0) return cifarOf(data, hundred, 100);
  const mayBePng = entries.some((entry) => entry.isDirectory() || entry.isSymbolicLink() || isPng(entry.name));
  if (may('png') && mayBePng) return openPngFolder(data);
  const shown = names.slice(0, 6).join(', ') || 'nothing';
  const more = names.length > 6 ? `, ... ${names.length} entries in all` : '';
  throw new CliError(
    `${data}: must hold ${prefix}-images... and ${prefix}-labels... (IDX), CIFAR binary files or PNG files for --split ${split}, got ${shown}${more}`,
  );
}

const isPng = (name: string): boolean => name.toLowerCase().endsWith('.png');

async function idxOf(path: string): ReturnType<typeof decodeIdx> {
  const bytes = await readPlain(path);
  return inFile(path, () => decodeIdx(bytes));
}

async function cifarOf(folder: string, names: readonly string[], classes: 10 | 100): Promise<OpenedData> {
  const paths = names.map((name) => join(folder, name));
  const batches = await Promise.all(
    paths.map(async (path) => {
      const bytes = await readPlain(path);
      return inFile(path, () => decodeCifar(bytes, { classes }));
    }),
  );
  return { dataset: cifarDataset({ batches }), isLabelled: true, fromBytes: true };
}
