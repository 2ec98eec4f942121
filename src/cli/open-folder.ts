import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cifarDataset, decodeCifar } from '../data/cifar.ts';
import { decodeIdx } from '../data/idx.ts';
import { CliError } from './io.ts';
import type { DataOptions } from './common-options.ts';
import { inFile, readPlain } from './read-data-file.ts';
import { joinArrays } from './join-arrays.ts';
import type { OpenedData } from './open-data.ts';
import { openPngFolder } from './open-png-folder.ts';

/** Data of a folder: the four files of MNIST, the files of CIFAR, or PNG files. @internal */
export async function openFolder({ data, split, format }: DataOptions): Promise<OpenedData> {
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
  return { dataset: cifarDataset({ batches }), isLabelled: true };
}
