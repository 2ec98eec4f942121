import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { epochOrder } from '../../src/recipes/read-batch.ts';
import { trainingBatches, type TrainingBatchesOptions } from '../../src/recipes/training-batches.ts';
import { describeBackends, useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(5);
const size = 23;
const values = Uint8Array.from({ length: size * 2 }, (_, i) => 5 * i);
const labels = Array.from({ length: size }, (_, i) => i % 3);
const dataset = arrayDataset({ values, shape: [1, 2], labels });

interface Seen {
  readonly indices: number[];
  readonly labels: number[];
  readonly shape: readonly number[];
  readonly x: number[];
  readonly softTargets: number[] | undefined;
}

async function seen(
  options: Partial<TrainingBatchesOptions> = {},
  data: LabelledDataset = dataset,
): Promise<readonly Seen[]> {
  const batches: Seen[] = [];
  for await (const batch of trainingBatches(data, { batchSize: 5, key, ...options })) {
    batches.push({
      indices: [...batch.indices],
      labels: [...batch.labels],
      shape: batch.x.shape,
      x: [...(await batch.x.data())],
      softTargets: batch.softTargets && [...(await batch.softTargets.data())],
    });
    batch.dispose();
  }
  return batches;
}

const indicesOf = (batches: readonly Seen[]): number[] => batches.flatMap(({ indices }) => indices);

describeBackends('trainingBatches', () => {
  it('gives every example once, with its values and its label, and leaves no tensor behind', () =>
    expectNoLeak(async () => {
      const batches = await seen();
      expect(batches.map(({ shape }) => shape)).toEqual([...new Array<number[]>(4).fill([5, 1, 2]), [3, 1, 2]]);
      expect(indicesOf(batches).sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
      for (const batch of batches) {
        expect(batch.labels).toEqual(batch.indices.map((i) => labels[i]));
        expect(batch.x).toEqual(batch.indices.flatMap((i) => [...Float32Array.of((10 * i) / 255, (10 * i + 5) / 255)]));
        expect(batch.softTargets).toBeUndefined();
      }
    }));

  it('feeds a loss: { ...batch, key } is a batch of prepare', () =>
    expectNoLeak(async () => {
      const loss = new GaussianLoss(linearClassifier([1, -1], 0).logits, { noise: new GaussianNoise({ sigma: 0.25 }) });
      const data: LabelledDataset = {
        size: 4,
        shape: [2],
        example: (i) => ({ x: Float32Array.of(i / 4, 0.5), label: i % 2 }),
      };
      const softTargets = new Float32Array(8).fill(0.5);
      for await (const batch of trainingBatches(data, { batchSize: 2, key, softTargets })) {
        expect(Object.keys(batch)).toEqual(['x', 'labels', 'softTargets']);
        using prepared = loss.prepare({ ...batch, epoch: 0, key });
        expect(await prepared.x.data()).toEqual(await batch.x.data());
        expect([...(await prepared.labels.data())]).toEqual([...batch.labels]);
        batch.dispose();
      }
    }));

  it('ends a batch at the end of a using block', () =>
    expectNoLeak(async () => {
      const softTargets = new Float64Array(size * 4).fill(0.25);
      for await (const one of trainingBatches(dataset, { batchSize: 20, key, softTargets })) {
        using batch = one;
        expect(batch.softTargets?.shape).toEqual([batch.indices.length, 4]);
      }
    }));
});

describe('trainingBatches: order', () => {
  beforeAll(() => useBackend('cpu'));

  it('is that of the ranks of the uniform numbers', async () => {
    const uniforms = new Float32Array(size);
    fillUniforms(uniforms, { key, start: 0, dimension: size });
    const ranks = [...uniforms].map((u, i) => [...uniforms].filter((v, j) => v < u || (v === u && j < i)).length);
    const expected = labels.map((_, rank) => ranks.indexOf(rank));
    expect(indicesOf(await seen())).toEqual(expected);
  });

  it('does not change', async () => {
    expect(indicesOf(await seen({ batchSize: 23 }))).toMatchInlineSnapshot(`
      [
        8,
        13,
        19,
        2,
        6,
        4,
        18,
        3,
        12,
        10,
        21,
        7,
        11,
        0,
        9,
        20,
        14,
        5,
        22,
        15,
        1,
        16,
        17,
      ]
    `);
  });

  it('depends on the key, and not on the batch size', async () => {
    const order = indicesOf(await seen());
    for (const batchSize of [1, 7, 23, 100]) expect(indicesOf(await seen({ batchSize }))).toEqual(order);
    expect(indicesOf(await seen({ key: foldIn(key, 1) }))).not.toEqual(order);
  });

  it('breaks ties by index: among 20 000 there are some', () => {
    const uniforms = new Float32Array(20_000);
    fillUniforms(uniforms, { key, start: 0, dimension: uniforms.length });
    const order = epochOrder(uniforms.length, key);
    let ties = 0;
    for (let i = 1; i < order.length; i++) {
      const [a, b] = [uniforms[order[i - 1]!]!, uniforms[order[i]!]!];
      expect(a <= b).toBe(true);
      if (a !== b) continue;
      ties++;
      expect(order[i - 1]!).toBeLessThan(order[i]!);
    }
    expect(ties).toBeGreaterThan(0);
  });

  it('is uniform: the first of 20 examples over 4000 keys', () => {
    const counts = new Array<number>(20).fill(0);
    for (let i = 0; i < 4000; i++) counts[epochOrder(20, foldIn(key, i))[0]!]!++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    expect(chiSquared).toBeLessThan(50.8); // 19 degrees of freedom: false alarm 1e-4, fixed key
  });

  it('is that of the data set without shuffle', async () => {
    expect(indicesOf(await seen({ shuffle: false }))).toEqual(labels.map((_, i) => i));
  });
});

describe('trainingBatches: parts of an epoch', () => {
  beforeAll(() => useBackend('cpu'));

  it('goes on at startBatch, without reading what is before', async () => {
    const whole = await seen();
    for (let startBatch = 0; startBatch <= 5; startBatch++) {
      const read: number[] = [];
      const spy: LabelledDataset = { ...dataset, example: (i) => (read.push(i), dataset.example(i)) };
      expect(await seen({ startBatch }, spy)).toEqual(whole.slice(startBatch));
      expect(read).toEqual(indicesOf(whole.slice(startBatch)));
    }
  });

  it('leaves the remainder out', async () => {
    expect(await seen({ dropRemainder: true })).toEqual((await seen()).slice(0, 4));
    expect(await seen({ dropRemainder: true, batchSize: 23 })).toHaveLength(1);
  });

  it('stops before the next batch when it is aborted', async () => {
    const abort = new AbortController();
    const stream = trainingBatches(dataset, { batchSize: 5, key, signal: abort.signal });
    const first = await stream.next();
    if (!first.done) first.value.dispose();
    abort.abort(new Error('enough'));
    await expectNoLeak(() => expect(stream.next()).rejects.toThrow('enough'));
  });

  it('makes no tensor when it is aborted while a batch is read', async () => {
    const abort = new AbortController();
    const slow: LabelledDataset = {
      ...dataset,
      example: async (i) => {
        abort.abort(new Error('enough'));
        return dataset.example(i);
      },
    };
    const stream = trainingBatches(slow, { batchSize: 5, key, signal: abort.signal });
    await expectNoLeak(() => expect(stream.next()).rejects.toThrow('enough'));
  });
});

describe('trainingBatches: soft targets', () => {
  beforeAll(() => useBackend('cpu'));

  const rows = Float64Array.from({ length: size * 4 }, (_, i) =>
    i % 4 === 0 ? 1 - (6 * (i >> 2)) / 200 : (i >> 2) / 100,
  );
  const expected = (batches: readonly Seen[]): number[][] =>
    batches.map(({ indices }) => indices.flatMap((i) => [...Float32Array.from(rows.subarray(4 * i, 4 * i + 4))]));

  it.each([
    ['float64', rows],
    ['float32', Float32Array.from(rows)],
    ['an NPY file', { dtype: 'float64', shape: [size, 4], data: rows } as const],
  ])('%s: each example has its row', async (_name, softTargets) => {
    const batches = await seen({ softTargets });
    expect(batches.map((batch) => batch.softTargets)).toEqual(expected(batches));
  });
});

describe('trainingBatches: memory', () => {
  beforeAll(() => useBackend('cpu'));

  it('reads one batch at a time, when it is asked for', async () => {
    let [reading, most, reads] = [0, 0, 0];
    const spy: LabelledDataset = {
      ...dataset,
      example: async (i) => {
        reads++;
        most = Math.max(most, ++reading);
        await new Promise((resolve) => setTimeout(resolve, 1));
        reading--;
        return dataset.example(i);
      },
    };
    const stream = trainingBatches(spy, { batchSize: 5, key });
    expect(reads).toBe(0);
    for (const after of [5, 10, 15, 20, 23]) {
      const { value } = await stream.next();
      value?.dispose();
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(reads).toBe(after);
    }
    expect((await stream.next()).done).toBe(true);
    expect(most).toBe(5); // the examples of a batch are read together
  });

  it('streams CIFAR-10 without holding it as float32, of which it has 614 MB', async () => {
    const bytes = new Uint8Array(50_000 * 3072).fill(51); // as a file of bytes holds it
    const cifar = arrayDataset({ values: bytes, shape: [32, 32, 3], labels: new Uint8Array(50_000) });
    const before = process.memoryUsage().arrayBuffers;
    let [most, batches] = [0, 0];
    for await (const batch of trainingBatches(cifar, { batchSize: 100, key })) {
      batch.dispose();
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      if (++batches === 100) break;
    }
    // 123 MB of float32 went by. What is not collected yet counts too, so the bound is loose; a copy of all is 614 MB.
    expect(most).toBeLessThan(2e8);
    expect(tf.memory().numTensors).toBe(0);
  });
});
