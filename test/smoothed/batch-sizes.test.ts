import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  DerandomizedClassifier,
  DeterministicSplittingNoise,
  GaussianNoise,
  SmoothedClassifier,
  SoftSmoothedClassifier,
  createKey,
} from '../../src/index.ts';
import { BatchSizes } from '../../src/smoothed/batch-sizes.ts';
import { memoryRoom } from '../../src/tensors/memory-need.ts';
import { describeBackends } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const key = createKey(5);
const sampling = { key, n0: 20, n: 150, alpha: 0.01 };

/** Logits whose pass holds `times` copies of its input at once, and the sizes of the batches that it saw. */
function greedy(times: number): { readonly run: (x: tf.Tensor) => tf.Tensor; readonly sizes: number[] } {
  const sizes: number[] = [];
  const run = (x: tf.Tensor): tf.Tensor => {
    sizes.push(x.shape[0] as number);
    return tf.tidy(() => {
      const [rows = 0] = x.shape;
      tf.fill([rows, (x.size / rows) * times], 0);
      const flat: tf.Tensor2D = tf.reshape(x, [rows, -1]);
      return tf.slice(flat, [0, 0], [rows, 2]);
    });
  };
  return { run, sizes };
}

/** The batches that were drawn: the second look at a few rows of a run takes at most 8. */
const drawn = (sizes: readonly number[]): number[] => sizes.filter((size) => size === 2 || size > 8);

describeBackends('the default batch', () => {
  const x = (): tf.Tensor => tf.fill([20, 20, 1], 0.5);
  // 4 · 400 · times bytes a row, and a little more
  const cases = [
    { times: 4, expected: sampling.n },
    { times: 2500, expected: Math.floor(2 ** 29 / (4 * 400 * 2500)) },
  ];
  it.each(cases)(
    'of a pass that needs $times times its input, and gives the same results',
    async ({ times, expected }) => {
      const { run, sizes } = greedy(times);
      const found = await new SmoothedClassifier(run, { noise, numClasses: 2 }).certify(x(), sampling);
      expect(sizes[0], 'the first batch is small, but not of one row').toBe(2);
      const most = Math.max(...sizes);
      expect(most).toBeLessThanOrEqual(256);
      expect(most / expected).toBeGreaterThan(times === 4 ? 0.99 : 0.9);
      expect(most / expected).toBeLessThanOrEqual(1.01);
      expect(
        drawn(sizes).reduce((sum, size) => sum + size, 0),
        'no row is drawn for the measure alone',
      ).toBe(sampling.n0 + sampling.n);
      const given = await new SmoothedClassifier(run, { noise, numClasses: 2, batchSize: 37 }).certify(x(), sampling);
      expect(found).toEqual(given);
    },
  );

  it('is measured once for a classifier, by every kind of smoothing', async () => {
    const { run, sizes } = greedy(4000);
    const g = new SmoothedClassifier(run, { noise, numClasses: 2 });
    await g.predict(x(), { key, n: 50 });
    await g.predict(x(), { key, n: 50 });
    expect(sizes.filter((size) => size === 2)).toHaveLength(1);
    const soft = greedy(4000);
    await new SoftSmoothedClassifier(soft.run, { noise, numClasses: 2 }).certify(x(), { ...sampling, n: 100 });
    expect(soft.sizes[0]).toBe(2);
    expect(Math.max(...soft.sizes)).toBeLessThan(85);
  });

  it('is 256 for a small input, which needs no measure', async () => {
    const { run, sizes } = greedy(1);
    await new SmoothedClassifier(run, { noise, numClasses: 2 }).predict(tf.fill([16, 16, 1], 0.5), { key, n: 600 });
    expect(drawn(sizes)).toEqual([256, 256, 88]);
  });

  it('is the given one where one is given', async () => {
    const { run, sizes } = greedy(4000);
    await new SmoothedClassifier(run, { noise, numClasses: 2 }).predict(x(), { key, n: 50, batchSize: 25 });
    expect(drawn(sizes)).toEqual([25, 25]);
  });

  it('is not measured by a pass that fails, and its error is that of the run', async () => {
    let calls = 0;
    const failing = (input: tf.Tensor): tf.Tensor => {
      if (++calls === 1) throw new Error('not now');
      return greedy(1).run(input);
    };
    const g = new SmoothedClassifier(failing, { noise, numClasses: 2 });
    const error = await thrownBy(() => g.predict(x(), { key, n: 50 }));
    expect(String(error)).toContain('got Error: not now');
    expect((await g.predict(x(), { key, n: 50 })).counts.reduce((a, b) => a + b)).toBe(50);
    expect('runKernel' in Object.getOwnPropertyDescriptors(tf.engine()), 'the engine is as it was').toBe(false);
  });
});

describe('BatchSizes', () => {
  const floats = 10_000;
  const measured = (bytesPerRow: number): BatchSizes => {
    const batches = new BatchSizes(undefined, { isTyped: false });
    const rows = batches.next(floats);
    batches.pass(rows, () => tf.tidy(() => void tf.fill([rows, bytesPerRow / 4], 0)));
    return batches;
  };

  it('counts inputs of other sizes in proportion', () => {
    const batches = measured(2 ** 24);
    expect(batches.next(floats)).toBe(32);
    expect(batches.next(4 * floats)).toBe(8);
    expect(batches.next(floats / 4)).toBe(128);
  });

  it('takes 2 rows where more are too many, and 1 only where 2 cannot be', () => {
    expect(measured(2 ** 24).next(floats * 40)).toBe(2);
    expect(measured(2 ** 24).next(floats * 1024)).toBe(1);
  });

  it('gives classifiers of typed arrays 32 MiB of inputs', () => {
    const batches = new BatchSizes(undefined, { isTyped: true });
    expect(batches.next(224 * 224 * 3)).toBe(55);
    expect(batches.next(28 * 28)).toBe(256);
  });

  it('holds one tensor below what a device binds', () => {
    expect(memoryRoom().tensor).toBeGreaterThan(2 ** 26);
  });
});

it('the derandomized classifier sizes its batches, too', async () => {
  const { run, sizes } = greedy(4000);
  const splitting = new DeterministicSplittingNoise({ halfWidth: 0.5, key });
  const g = new DerandomizedClassifier(run, { noise: splitting, numClasses: 2 });
  await g.predict(tf.fill([20, 20, 1], 0.2));
  expect(sizes[0]).toBe(2);
  expect(Math.max(...sizes)).toBeLessThan(85);
});
