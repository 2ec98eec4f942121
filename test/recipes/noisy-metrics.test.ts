import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { CopiesLoss } from '../../src/losses/copies-loss.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { noisyMetrics } from '../../src/recipes/noisy-metrics.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(3);
const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -2], 0.3);
const size = 23;
const values = Uint8Array.from({ length: 2 * size }, (_, i) => (37 * i) % 256);
const labels = Array.from({ length: size }, (_, i) => (i % 3 === 0 ? 1 : 0));
const dataset = arrayDataset({ values, shape: [2], labels });

/** One noisy copy after the other, in float64. */
async function twin(numNoise: number, chosen: readonly number[]): Promise<{ loss: number; accuracy: number }> {
  const shape = [chosen.length, 2];
  const draws = await noise.sampleBatch({ shape, numNoise, key }).data();
  let [loss, right] = [0, 0];
  chosen.forEach((index, place) => {
    for (let copy = 0; copy < numNoise; copy++) {
      const at = (copy * chosen.length + place) * 2;
      const [a, b] = [0, 1].map((j) => values[2 * index + j]! / 255 + draws[at + j]!) as [number, number];
      const scores = [0, a - 2 * b + 0.3];
      const label = labels[index]!;
      loss += Math.log(Math.exp(scores[0]!) + Math.exp(scores[1]!)) - scores[label]!;
      right += Number((scores[1]! > 0 ? 1 : 0) === label);
    }
  });
  return { loss: loss / (chosen.length * numNoise), accuracy: right / (chosen.length * numNoise) };
}

describe('noisyMetrics', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([
    [1, 100],
    [1, 5],
    [3, 7],
  ])('is that of the obvious twin, %d copies in batches of %d', async (numNoise, batchSize) => {
    const all = Array.from({ length: size }, (_, i) => i);
    const expected = await twin(numNoise, all);
    const found = await noisyMetrics(logits, dataset, { noise, key, numNoise, batchSize });
    expect(found.loss).toBeCloseTo(expected.loss, 6);
    expect(found.accuracy).toBe(expected.accuracy);
    expect(found.images).toBe(size);
  });

  it.each([
    new SplittingNoise({ halfWidth: 0.3 }),
    new DeterministicSplittingNoise({ halfWidth: 0.3, key: createKey(8) }),
  ])('is, of a noise that is not additive, that of the copies of CopiesLoss: $name', (copied) =>
    expectNoLeak(async () => {
      const options = { noise: copied, numNoise: 2 };
      const x = tf.tensor2d(
        Array.from(values, (level) => level / 255),
        [size, 2],
      );
      using step = new CopiesLoss(logits, options).prepare({ x, labels, key });
      step.value().dispose();
      const { loss, accuracy } = await step.metrics();
      for (const data of [dataset, { x, labels }]) {
        const found = await noisyMetrics(logits, data, { ...options, key, batchSize: 10 });
        expect(found.loss).toBeCloseTo(loss, 6);
        expect(found.accuracy).toBeCloseTo(accuracy, 6);
      }
      x.dispose();
    }),
  );

  it('takes a part of a data set, and a batch with labels of any kind', async () => {
    const chosen = [2, 5, 8, 11];
    const options = { noise, key, numNoise: 2 };
    const found = await noisyMetrics(logits, dataset, { ...options, select: { start: 2, skip: 3, max: 4 } });
    const expected = await twin(2, chosen);
    expect([found.images, found.accuracy]).toEqual([4, expected.accuracy]);
    expect(found.loss).toBeCloseTo(expected.loss, 6);
    const x = tf.tensor2d(chosen.map((index) => [values[2 * index]! / 255, values[2 * index + 1]! / 255]));
    const plain = chosen.map((index) => labels[index]!);
    for (const given of [plain, Uint8Array.from(plain), tf.tensor1d(plain, 'int32')]) {
      expect(await noisyMetrics(logits, { x, labels: given }, options)).toEqual(found);
    }
  });

  it('finds nothing right where a logit is NaN', async () => {
    const broken = (x: tf.Tensor): tf.Tensor2D => tf.fill([x.shape[0]!, 2], NaN);
    expect(await noisyMetrics(broken, dataset, { noise, key })).toEqual({ loss: NaN, accuracy: 0, images: size });
  });

  it('leaves no tensor behind, also after an abort', async () => {
    await expectNoLeak(() => noisyMetrics(logits, dataset, { noise, key, batchSize: 4 }));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(noisyMetrics(logits, dataset, { noise, key, signal })).rejects.toThrow('enough');
  });

  it('lets the host have its turns: a timer ends it', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 0);
    let asked = 0;
    const slowly = (x: tf.Tensor): tf.Tensor2D => {
      asked++;
      for (const begun = performance.now(); performance.now() - begun < 40;); // longer than the library keeps the thread
      return logits(x);
    };
    const run = noisyMetrics(slowly, dataset, { noise, key, batchSize: 1, signal: controller.signal });
    await expect(run).rejects.toThrow('enough');
    expect(asked).toBeLessThan(size);
  });

  it('says what is wrong', async () => {
    await expect(noisyMetrics(logits, dataset, { noise, key, select: { start: 99 } })).rejects.toThrow(
      'noisyMetrics: `select` must choose an example, got none',
    );
    const three = arrayDataset({ values, shape: [2], labels: labels.map((label) => 2 * label) });
    await expect(noisyMetrics(logits, three, { noise, key })).rejects.toThrow(
      'noisyMetrics: `labels` must be below the number of classes (2), got 2',
    );
    await expect(noisyMetrics(logits, dataset, { noise } as never)).rejects.toThrow(
      'noisyMetrics: `key` must be a key (createKey(seed) makes one), got undefined',
    );
  });
});
