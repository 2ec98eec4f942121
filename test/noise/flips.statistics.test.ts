import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { ValueFlipNoise } from '../../src/noise/value-flip-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { chiSquareScore, correlationScore, countScore } from '../random/statistics.ts';
import { mostWrong } from '../smoothed/linear-runs.ts';

// Fixed keys. Had they been drawn at random, a score beyond 5 had probability 5.7e-7; there are 17 of them, so a correct sampler fails with
// probability below 1e-5.
const SCORE = 5;
const SAMPLES = 4000;
const DIMENSION = 51;
const key = createKey(20261201);

describe('flips of bits', () => {
  const [addition, deletion] = [0.03, 0.6];
  const x = Float32Array.from({ length: DIMENSION }, (_, j) => (j % 2 === 0 ? 1 : 0));
  const copies = new Float32Array(SAMPLES * DIMENSION);
  new BitFlipNoise({ addition, deletion }).fillCopies(copies, x, { key, start: 9, dimension: DIMENSION });
  const flips = copies.map((bit, at) => Number(bit !== x[at % DIMENSION]));

  it('happen as often as they should, for zeros, for ones and in the first and the last bit', () => {
    const count = (of: (j: number) => boolean): number => flips.filter((flip, at) => flip === 1 && of(at % DIMENSION)).length; // prettier-ignore
    expect(
      Math.abs(
        countScore(
          count((j) => x[j] === 1),
          26 * SAMPLES,
          deletion,
        ),
      ),
    ).toBeLessThan(SCORE);
    expect(
      Math.abs(
        countScore(
          count((j) => x[j] === 0),
          25 * SAMPLES,
          addition,
        ),
      ),
    ).toBeLessThan(SCORE);
    expect(
      Math.abs(
        countScore(
          count((j) => j === 0),
          SAMPLES,
          deletion,
        ),
      ),
    ).toBeLessThan(SCORE);
    expect(
      Math.abs(
        countScore(
          count((j) => j === 50),
          SAMPLES,
          deletion,
        ),
      ),
    ).toBeLessThan(SCORE);
  });

  it('are uncorrelated between bits and between copies', () => {
    const scores = flips.map((flip, at) => {
      const p = x[at % DIMENSION] === 1 ? deletion : addition;
      return (flip - p) / Math.sqrt(p * (1 - p));
    });
    for (const distance of [1, 2, DIMENSION]) {
      const score = correlationScore(scores.subarray(distance), scores.subarray(0, -distance));
      expect(Math.abs(score)).toBeLessThan(SCORE);
    }
  });
});

describe('flips of values', () => {
  it('keep a value as often as they should, and else take every other one equally often', () => {
    const noise = new ValueFlipNoise({ values: 6, keep: 0.3 });
    const x = Float32Array.from({ length: 12 }, (_, j) => j % 6);
    const copies = new Float32Array(SAMPLES * 12);
    noise.fillCopies(copies, x, { key, start: 0, dimension: 12 });
    const kept = copies.filter((value, at) => value === x[at % 12]).length;
    expect(Math.abs(countScore(kept, copies.length, 0.3))).toBeLessThan(SCORE);
    for (let value = 0; value < 6; value++) {
      const counts = new Array<number>(6).fill(0);
      copies.forEach((copy, at) => {
        if (x[at % 12] === value) counts[copy]!++;
      });
      expect(Math.abs(chiSquareScore(counts.filter((_, other) => other !== value)))).toBeLessThan(SCORE);
    }
  });
});

// The worst classifier for two additions: class 0 where at most one of two zeros differs. With p₊ = 1/2 and p₋ = 0.29 it has the chance 3/4 at (0, 0) and
// 1 − 0.71² = 0.4959 at (1, 1): there the certificate of two additions is wrong, and only just.
// False alarm: 1e-6, if certificates are wrong with probability alpha; the keys are fixed.
describe('certificates of the worst classifier', () => {
  beforeAll(() => useBackend('cpu'));

  it('are wrong no more often than alpha', async () => {
    const noise = new BitFlipNoise({ addition: 0.5, deletion: 0.29 });
    expect(1 - (1 - 0.29) ** 2).toBeLessThan(0.5);
    const classify = (z: tf.Tensor): tf.Tensor =>
      tf.tidy(() => {
        const ones = tf.sum(z, 1);
        return tf.stack([tf.sub(1.5, ones), tf.sub(ones, 1.5)], 1);
      });
    const [n, alpha, runs] = [200, 0.1, 900];
    const g = new SmoothedClassifier(classify, { noise, numClasses: 2, batchSize: n });
    const x = tf.tensor1d([0, 0]);
    const two = { added: 2, deleted: 0 };
    let [wrong, naive] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const c = await g.certify(x, { key: foldIn(key, run), n0: 20, n, alpha });
      if (!c.abstained && noise.certifies({ p: c.pABar, q: c.qABar }, two)) wrong++;
      const share = { p: c.nA / n, q: 1 - c.nA / n };
      if (noise.certifies(share, two)) naive++;
    }
    x.dispose();
    const most = mostWrong(runs, alpha, 1e-6);
    expect(wrong).toBeGreaterThan(0);
    expect(wrong).toBeLessThanOrEqual(most);
    // The test can fail: the same votes without the confidence bound are wrong far more often.
    expect(naive).toBeGreaterThan(most);
  });
});
