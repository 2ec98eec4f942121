import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { createKey, split } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

// A real failure is seen once in 10¹³ images. Here the table is replaced by one with three equal bins, -1, 0 and 1, whose failure slot is
// a 64th of the range.
vi.mock(import('../../src/noise/lattice-normals.ts'), async (load) => {
  const original = await load();
  return {
    ...original,
    latticeNormalTable: (_sigma: number, reach: number) => {
      const ends = [-1, 0, 1].map((i) => BigInt(21 * (i + 2)) << 58n);
      const before = new Array<bigint>(reach - 1).fill(0n);
      const after = new Array<bigint>(reach - 1).fill(ends[2]!);
      return original.tableOfThresholds([...before, ...ends, ...after]);
    },
  };
});

const key = createKey(3);
const noise = new SoundGaussianNoise({ sigma: 0.25 });

/** Class 1 always: then only failures can be missing from its votes. */
const constant = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([[-1, 2]]), [x.shape[0] ?? 0, 1]));

/** The failed samples among the first `count`. */
function failuresOf(from: typeof key, x: tf.Tensor, count: number, start = 0): number[] {
  const failed: number[] = [];
  noise.perturb(x, { key: from, start, count, onFailure: (sample) => failed.push(sample) }).dispose();
  return failed;
}

describe('samples that fail', () => {
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.fill([5], Math.fround(100 / 255));
  });
  afterAll(() => x.dispose());

  it('are reported by their index, whatever the batch, and about as often as the slot is wide', () => {
    const failed = failuresOf(key, x, 1000);
    expect([...failuresOf(key, x, 333), ...failuresOf(key, x, 667, 333)]).toEqual(failed);
    // 1 − (63/64)^5 = 0.0758 of them; six standard deviations are 50: false alarm 2e-9 for a random key
    expect(Math.abs(failed.length - 75.8)).toBeLessThan(50);
  });

  it('leave a void copy of finite values behind, and the other copies as they are', async () => {
    const failed: number[] = [];
    const noisy = noise.perturb(x, { key, start: 0, count: 100, onFailure: (sample) => failed.push(sample) });
    const values = await noisy.data();
    noisy.dispose();
    expect(failed.length).toBeGreaterThan(0);
    const levels = new Set(Array.from(values, (value) => Math.round(value * 255)));
    expect([...levels].sort()).toEqual([100, 101, 99]);
  });

  it('are an error where nobody asked for them', () => {
    const first = failuresOf(key, x, 1000)[0]!;
    return expectError(
      () => noise.perturb(x, { key, start: first, count: 1 }),
      OptionError,
      'Noise.perturb: `onFailure` must be given where a sample cannot be drawn, got undefined ' +
        `(sample ${first} failed and must not vote)`,
    );
  });

  it('vote for no class in a certificate, but count as drawn', () =>
    expectNoLeak(async () => {
      const g = new SmoothedClassifier(constant, { noise, numClasses: 2 });
      const n = 500;
      const certificate = await g.certify(x, { key, n0: 50, n, batchSize: 64 });
      const failed = failuresOf(split(key)[1], x, n).length;
      expect(failed).toBeGreaterThan(0);
      expect(certificate).toMatchObject({ nA: n - failed, counts: [0, n - failed], failures: failed, nUsed: n });
    }));
});
