import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CatrsError, ClassifierError } from '../../src/errors.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { runKernel, VOTES_KERNEL } from '../../src/tensors/device-kernels.ts';
import { describeBackends } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { hostVotes } from '../helpers/host-votes.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

type Rows = readonly (readonly number[])[];

interface Piece {
  readonly counts: number[];
  readonly refused: number;
  readonly firstRefused: number | undefined;
}

/** What the kernel says of rows begin .. end − 1, piece by piece. */
async function deviceVotes(
  rows: Rows,
  cut: { begin: number; end: number; first: number; every: number },
): Promise<Piece[]> {
  const numClasses = rows[0]!.length;
  const logits = tf.tensor2d(rows.flat(), [rows.length, numClasses]);
  const tally = runKernel(VOTES_KERNEL, { logits }, cut);
  const values = (await tally.data()) as Int32Array;
  tf.dispose([logits, tally]);
  const pieces: Piece[] = [];
  for (let at = 0; at < values.length; at += numClasses + 2) {
    const refused = values[at + numClasses]!;
    const bits = values.slice(at + numClasses + 1, at + numClasses + 2);
    const firstRefused = refused > 0 ? new Float32Array(bits.buffer)[0]! : undefined;
    pieces.push({ counts: Array.from(values.slice(at, at + numClasses)), refused, firstRefused });
  }
  return pieces;
}

/** Logits that repeat after a while, so that every class wins somewhere. */
const scattered = (rows: number, numClasses: number): number[][] =>
  Array.from({ length: rows }, (_, r) =>
    Array.from({ length: numClasses }, (_, c) => Math.fround(Math.sin(1 + r * 7919 + c * 104_729) * 5)),
  );

describeBackends('votes counted on the device', (backend) => {
  if (backend !== 'webgpu') {
    it('are for WebGPU: elsewhere there is no kernel', () => {
      expect(tf.getKernel(VOTES_KERNEL, backend)).toBeUndefined();
    });
    return;
  }

  beforeAll(async () => {
    const { useWebgpu } = await import('../../src/webgpu/index.ts');
    await useWebgpu();
  });

  it.each([
    { rows: 1, numClasses: 2 },
    { rows: 300, numClasses: 10 },
    { rows: 600, numClasses: 3 },
    { rows: 64, numClasses: 300 },
    { rows: 40, numClasses: 1024 },
    { rows: 40, numClasses: 2500 },
  ])('are those of a plain loop: $rows rows, $numClasses classes', async ({ rows, numClasses }) => {
    const logits = scattered(rows, numClasses);
    const [piece] = await deviceVotes(logits, { begin: 0, end: rows, first: rows, every: rows });
    expect(piece).toEqual(hostVotes(logits, numClasses));
  });

  it.each([
    { begin: 0, end: 300, first: 44, every: 100 },
    { begin: 13, end: 250, first: 100, every: 100 },
    { begin: 13, end: 250, first: 237, every: 7 },
    { begin: 0, end: 9, first: 100, every: 2 ** 40 },
    { begin: 5, end: 15, first: 1, every: 1 },
  ])('are cut where a check will be: $begin to $end after $first, every $every', async (cut) => {
    const logits = scattered(300, 4);
    const expected: Piece[] = [];
    for (let begin = cut.begin, size = cut.first; begin < cut.end;) {
      expected.push(hostVotes(logits.slice(begin, Math.min(begin + size, cut.end)), 4));
      begin += size;
      size = cut.every;
    }
    expect(await deviceVotes(logits, cut)).toEqual(expected);
  });

  it('go to the lowest index among equals, with −0 equal to 0 and tiny numbers apart', async () => {
    const rows = [
      [1, 1, 1],
      [0, 2, 2],
      [-0, 0, -1],
      [0, -0, 0],
      [-3, -2, -2],
      [1e-40, 2e-40, 0],
      [-1e-45, -2e-45, -1],
      [0, 1e-45, -1e-45],
      [-3.4e38, -3.3e38, 3.4e38],
    ].map((row) => row.map(Math.fround));
    const labels = rows.map((row) => hostVotes([row], 3).counts.indexOf(1));
    const pieces = await deviceVotes(rows, { begin: 0, end: rows.length, first: 1, every: 1 });
    expect(pieces.map(({ counts }) => counts.indexOf(1))).toEqual(labels);
    expect(labels).toEqual([0, 1, 0, 0, 1, 1, 0, 1, 2]);
  });

  it.each([NaN, Infinity, -Infinity])('a row with %s does not vote, and the first such value is told', async (bad) => {
    const rows = scattered(500, 5);
    rows[301]![4] = bad;
    rows[301]![1] = 1e9;
    rows[400]!.fill(NaN);
    rows[450]![0] = -Infinity;
    const [piece] = await deviceVotes(rows, { begin: 0, end: 500, first: 500, every: 500 });
    expect(piece).toEqual(hostVotes(rows, 5));
    expect(piece).toMatchObject({ refused: 3, firstRefused: bad });
  });

  describe('and certificates', () => {
    const key = createKey(5);
    // Copies drawn on the CPU for both ways of counting: a plain object has no kernel.
    const gaussian = new GaussianNoise({ sigma: 0.5 });
    const noise: Noise = {
      name: 'gaussian',
      norms: ['l2'],
      domain: 'real',
      parameters: { sigma: 0.5 },
      radius: (bound, request) => gaussian.radius(bound, request),
      perturb: (x, { key: drawKey, start, count }) => {
        const out = new Float32Array(count * x.size);
        gaussian.sample(out, { key: drawKey, start, dimension: x.size });
        return tf.tidy(() => tf.add(tf.expandDims(x), tf.tensor(out, [count, ...x.shape])));
      },
    };
    const linear = linearClassifier([2, -1], 0.1);

    /** The same with the kernel taken away. */
    async function onHost<T>(work: () => Promise<T>): Promise<T> {
      const kernel = tf.getKernel(VOTES_KERNEL, 'webgpu');
      tf.unregisterKernel(VOTES_KERNEL, 'webgpu');
      try {
        return await work();
      } finally {
        tf.registerKernel(kernel);
      }
    }

    let read = 0;
    let reading = 0;
    let mostReading = 0;
    let reader: typeof tf.Tensor.prototype.data;
    beforeAll(() => {
      reader = tf.Tensor.prototype.data;
      tf.Tensor.prototype.data = async function (this: tf.Tensor, ...args: []) {
        read += this.size;
        mostReading = Math.max(mostReading, ++reading);
        try {
          return (await reader.apply(this, args)) as never;
        } finally {
          reading--;
        }
      } as typeof reader;
    });
    afterAll(() => {
      tf.Tensor.prototype.data = reader;
    });
    beforeEach(() => {
      read = 0;
      mostReading = 0;
    });

    const settings = [
      { batchSize: 256, checkEvery: 100 },
      { batchSize: 50, checkEvery: 1000 },
      { batchSize: 33, checkEvery: 7 },
      { batchSize: 2000, checkEvery: 30 },
    ];

    it.each(settings)(
      'are those of counting on the CPU: $batchSize a batch, checks every $checkEvery',
      async (options) => {
        const g = new SmoothedClassifier(linear.logits, { noise, numClasses: 2 });
        for (const [values, rule, stop] of [
          [[0.4, 0.3], undefined, 'all-drawn'],
          [[0.4, 0.3], fixedRadius({ radius: 0.15 }), 'decided'], // in the middle, with batches pending
        ] as const) {
          const x = tf.tensor1d([...values]);
          const request = { key, n0: 20, n: 1000, ...options, ...(rule && { rule }) };
          const onDevice = await g.certify(x, request);
          if (options.checkEvery < 1000) expect(onDevice.stop).toBe(stop);
          expect(await onHost(() => g.certify(x, request))).toEqual(onDevice);
          x.dispose();
        }
      },
    );

    it('of a stream in mixed batches are too', async () => {
      const g = new SmoothedClassifier(linear.logits, { noise, numClasses: 2 });
      const images = [
        [0.4, 0.3],
        [0.2, 0.5],
        [0.9, 0.1],
        [0.3, 0.7],
      ].map((values) => tf.tensor1d(values));
      const run = async (): Promise<unknown[]> => {
        const examples = (async function* (): AsyncGenerator<StreamExample> {
          for (const [index, x] of images.entries()) yield await Promise.resolve({ x, index });
        })();
        const found: unknown[] = [];
        const options = {
          key,
          n0: 10,
          n: 300,
          batchSize: 40,
          checkEvery: 20,
          alpha: 0.05,
          rule: fixedRadius({ radius: 0.05 }),
        };
        for await (const { certificate } of g.certifyStream(examples, options)) found.push(certificate);
        return found;
      };
      await expectNoLeak(async () => {
        const onDevice = await run();
        expect(onDevice.length).toBe(4);
        expect(await onHost(run)).toEqual(onDevice);
      });
      tf.dispose(images);
    });

    it('come from counts alone: the logits are read once, to judge them', async () => {
      const numClasses = 50;
      const many: LogitsFn = (x) => tf.tidy(() => tf.tile(linear.logits(x), [1, numClasses / 2]));
      const g = new SmoothedClassifier(many, { noise, numClasses });
      const x = tf.tensor1d([0.4, 0.3]);
      const counts = await g.sampleCounts(x, { key, n: 1000, batchSize: 100 });
      // The first batch and the rows of it that are asked again; of the others the counts.
      expect(read).toBeLessThan((100 + 8) * numClasses + 10 * (numClasses + 2) + 10);
      expect(mostReading, 'batches counted at once').toBe(4);
      read = 0;
      mostReading = 0;
      expect(await onHost(() => g.sampleCounts(x, { key, n: 1000, batchSize: 100 }))).toEqual(counts);
      expect(read).toBeGreaterThanOrEqual(1000 * numClasses);
      expect(mostReading).toBe(1);
      x.dispose();
    });

    it.each([NaN, Infinity, -Infinity])(
      'are refused where a late logit is %s, with the text of the CPU and no tensor left',
      async (bad) => {
        let calls = 0;
        const broken: LogitsFn = (x) =>
          tf.tidy(() => (++calls < 4 ? linear.logits(x) : tf.add(linear.logits(x), tf.tensor1d([0, bad]))));
        const g = new SmoothedClassifier(broken, { noise, numClasses: 2 });
        const x = tf.tensor1d([0.4, 0.3]);
        const text = `SmoothedClassifier.certify: \`classifier\` must return finite logits, got ${bad} (check the weights and the scale of the inputs)`;
        const run = async (): Promise<void> => {
          calls = 0;
          const error = (await thrownBy(() => g.certify(x, { key, n0: 20, n: 1000, batchSize: 50 }))) as Error;
          expect(error).toBeInstanceOf(ClassifierError);
          expect(error.message).toBe(text);
        };
        await expectNoLeak(run);
        await onHost(run);
        x.dispose();
      },
    );

    it('are refused for a classifier that ends in a softmax', async () => {
      const soft: LogitsFn = (x) => tf.tidy(() => tf.softmax(linear.logits(x)));
      const g = new SmoothedClassifier(soft, { noise, numClasses: 2 });
      const x = tf.tensor1d([0.4, 0.3]);
      // One row at a time: only eight together show it.
      const error = (await thrownBy(() => g.certify(x, { key, n0: 20, n: 1000, batchSize: 1 }))) as Error;
      expect(error.message).toMatch(/`output` must be 'probabilities'/);
      x.dispose();
    });

    it('are refused where the device loses votes', async () => {
      const kernel = tf.getKernel(VOTES_KERNEL, 'webgpu');
      const g = new SmoothedClassifier(linear.logits, { noise, numClasses: 2 });
      const x = tf.tensor1d([0.4, 0.3]);
      tf.unregisterKernel(VOTES_KERNEL, 'webgpu');
      tf.registerKernel({ ...kernel, kernelFunc: () => tf.zeros([4], 'int32') });
      try {
        const error = (await thrownBy(() => g.sampleCounts(x, { key, n: 100, batchSize: 50 }))) as Error;
        expect(error).toBeInstanceOf(CatrsError);
        expect(error.message).toBe(
          'SmoothedClassifier.sampleCounts: `backend` must count 50 votes, got 0 (the device has failed: see the console, lower batchSize)',
        );
      } finally {
        tf.unregisterKernel(VOTES_KERNEL, 'webgpu');
        tf.registerKernel(kernel);
      }
      x.dispose();
    });

    it('stop when told to, and leave no tensor', async () => {
      const g = new SmoothedClassifier(linear.logits, { noise: gaussian, numClasses: 2 });
      const x = tf.tensor1d([0.4, 0.3]);
      await expectNoLeak(async () => {
        const abort = new AbortController();
        const run = g.certify(x, {
          key,
          n0: 20,
          n: 1_000_000,
          batchSize: 50,
          checkEvery: 10_000,
          signal: abort.signal,
        });
        setTimeout(() => abort.abort(new Error('enough')), 300);
        await expect(run).rejects.toThrow('enough');
      });
      x.dispose();
    });
  });
});
