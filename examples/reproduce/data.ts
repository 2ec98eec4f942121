/**
 * Fashion-MNIST from its four IDX files, plain or gzipped.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeIdx, idxDataset } from 'catrs/data';
import type { LabelledDataset } from 'catrs/data';

/** Where Debian's package `dataset-fashion-mnist` puts the files. */
export const DEFAULT_FOLDER = '/usr/share/datasets/fashion-mnist';

/** Number of classes. */
export const NUM_CLASSES = 10;

/** Reads the training or the test images. Throws an error that says where the files can be had. */
export async function readFashionMnist(folder: string, part: 'train' | 't10k'): Promise<LabelledDataset> {
  const images = await decodeIdx(await bytesOf(folder, `${part}-images-idx3-ubyte`));
  const labels = await decodeIdx(await bytesOf(folder, `${part}-labels-idx1-ubyte`));
  return idxDataset({ images, labels });
}

function bytesOf(folder: string, name: string): Promise<Uint8Array> {
  const found = [join(folder, name), join(folder, `${name}.gz`)].find(existsSync);
  if (found !== undefined) return readFile(found);
  throw new Error(
    `${folder} must have ${name} or ${name}.gz of Fashion-MNIST, got neither` +
      ' (on Debian: apt-get install dataset-fashion-mnist; elsewhere give the folder of the four files: --data FOLDER)',
  );
}

/** The first images of a data set; all of them without a number. */
export function firstImages(dataset: LabelledDataset, count = dataset.size): LabelledDataset {
  return { size: Math.min(count, dataset.size), shape: dataset.shape, example: (index) => dataset.example(index) };
}
