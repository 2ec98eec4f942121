import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { sampleK } from '../../src/losses/confidence-aware-terms.ts';
import { createKey } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { useBackend } from '../helpers/backends.ts';

const M = 4;
const images = 20_000;
// Quantile of chi-square with 3 degrees of freedom at 1 - 1e-6: the false-alarm probability of each row. The keys are fixed.
const chiSquareLimit = 30.66;

function binomial(k: number, p: number): number {
  const choose = [1, 4, 6, 4, 1];
  return choose[k]! * p ** k * (1 - p) ** (M - k);
}

describe('sampleK', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([0.25, 0.5, 0.75])('is max(1, Bin(4, %d))', async (p) => {
    const draws = new Float32Array(images * M);
    fillUniforms(draws, { key: createKey(100 * p), start: 0, dimension: M });
    const counts = [0, 0, 0, 0, 0];
    const k = tf.tidy(() => sampleK(tf.fill([images], p), tf.tensor2d(draws, [images, M])));
    for (const value of await k.data()) counts[value]!++;
    k.dispose();
    expect(counts[0], 'K is at least 1').toBe(0);
    const law = [0, binomial(0, p) + binomial(1, p), binomial(2, p), binomial(3, p), binomial(4, p)];
    const chiSquare = law.slice(1).reduce((sum, share, i) => {
      const expected = share * images;
      return sum + (counts[i + 1]! - expected) ** 2 / expected;
    }, 0);
    expect(chiSquare).toBeLessThan(chiSquareLimit);
  });
});
