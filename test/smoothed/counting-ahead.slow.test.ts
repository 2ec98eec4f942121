import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { VOTES_KERNEL } from '../../src/tensors/device-kernels.ts';
import { counted } from '../helpers/counting-backend.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const linear = linearClassifier([2, -1], 0.1);
const points = [
  [0.4, 0.3],
  [0.2, 0.5],
  [0.9, 0.1],
  [0.25, 0.6],
];

async function stream(options: CertifyOptions, classifier: LogitsFn = linear.logits): Promise<unknown[]> {
  const images = points.map((values) => tf.tensor1d(values));
  const g = new SmoothedClassifier(classifier, { noise, numClasses: 2 });
  const found: unknown[] = [];
  const examples = (async function* (): AsyncGenerator<StreamExample> {
    for (const [index, x] of images.entries()) yield await Promise.resolve({ x, index });
  })();
  try {
    for await (const { certificate } of g.certifyStream(examples, options)) found.push(certificate);
  } catch (error) {
    found.push((error as Error).message);
  } finally {
    tf.dispose(images);
  }
  return found;
}

describe('counting ahead, where a backend counts votes', () => {
  beforeAll(() => tf.setBackend('cpu'));
  afterEach(() => expect(tf.getKernel(VOTES_KERNEL, 'cpu')).toBeUndefined());

  it('changes no certificate of a stream, for any batch size, check and rule', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.nat(1000),
          batchSize: fc.integer({ min: 1, max: 120 }),
          checkEvery: fc.integer({ min: 1, max: 150 }),
          n0: fc.integer({ min: 1, max: 40 }),
          n: fc.integer({ min: 30, max: 400 }),
          isSequential: fc.boolean(),
        }),
        async ({ seed, isSequential, ...rest }) => {
          const rule = isSequential ? { rule: fixedRadius({ radius: 0.1 }) } : {};
          const options = { ...rest, ...rule, key: createKey(seed), alpha: 0.05 };
          expect(await counted(() => stream(options))).toEqual(await stream(options));
        },
      ),
      { numRuns: 60 },
    ));

  it('meets a logit that is not finite exactly where counting on the host does', async () => {
    // NaN where the noise is large: sometimes before the stop, sometimes in a batch that is pending at the stop.
    const broken: LogitsFn = (x) =>
      tf.tidy(() => {
        const isLarge = tf.greater(tf.slice(x, [0, 0], [-1, 1]), 1.75);
        return tf.where(tf.tile(isLarge, [1, 2]), tf.fill([x.shape[0]!, 2], NaN), linear.logits(x));
      });
    const g = new SmoothedClassifier(broken, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.4, 0.3]);
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const rule = fixedRadius({ radius: 0.1 });
      const request = { key: createKey(seed), n0: 10, n: 2000, batchSize: 20, checkEvery: 10, alpha: 0.05, rule };
      const run = (): Promise<unknown> => g.certify(x, request).catch((error: unknown) => (error as Error).message);
      let onDevice: unknown;
      await expectNoLeak(async () => (onDevice = await counted(run)));
      expect(onDevice).toEqual(await run());
      outcomes.add(typeof onDevice === 'string' ? onDevice : 'certificate');
    }
    x.dispose();
    expect([...outcomes].sort()).toEqual([
      'SmoothedClassifier.certify: `classifier` must return finite logits, got NaN (check the weights and the scale of the inputs)',
      'certificate',
    ]);
  });

  it('wastes no more than about a quarter of the samples that a certificate uses', async () => {
    let rows = 0;
    const counting: LogitsFn = (x) => ((rows += x.shape[0]!), linear.logits(x));
    const g = new SmoothedClassifier(counting, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.4, 0.3]);
    for (const radius of [0.05, 0.1, 0.15, 0.2]) {
      rows = 0;
      const request = { key: createKey(1), n0: 20, n: 5000, batchSize: 20, checkEvery: 10 };
      const { nUsed } = await counted(() => g.certify(x, { ...request, rule: fixedRadius({ radius }) }));
      expect(rows - 20 - nUsed).toBeLessThanOrEqual(20 + Math.max(20, nUsed / 4));
      expect(nUsed).toBeLessThan(5000);
    }
    x.dispose();
  });

  it('leaves copies that could not be drawn to the host: they vote for no class', async () => {
    const failing: Noise = {
      name: 'failing',
      parameters: {},
      norms: ['l2'],
      domain: 'real',
      radius: (bound, request) => noise.radius(bound, request),
      perturb: (x, { key, start, count, onFailure }) => {
        for (let i = start; i < start + count; i++) if (i % 13 === 5) onFailure?.(i);
        return noise.perturb(x, { key, start, count });
      },
    };
    const g = new SmoothedClassifier(linear.logits, { noise: failing, numClasses: 2 });
    const x = tf.tensor1d([0.4, 0.3]);
    const run = (): Promise<unknown> => g.certify(x, { key: createKey(1), n0: 20, n: 200, batchSize: 30, alpha: 0.05 });
    const onHost = await run();
    expect(onHost).toMatchObject({ failures: 15 });
    expect(await counted(run)).toEqual(onHost);
    x.dispose();
  });

  it('leaves logits that are not float32 to the host: rounded, large integers could tie', async () => {
    const large: LogitsFn = (x) =>
      tf.tidy(() => {
        const isOne = tf.cast(tf.argMax(linear.logits(x), 1), 'int32');
        const first = tf.fill([x.shape[0]!], 2 ** 24, 'int32');
        return tf.stack([first, tf.add(first, isOne)], 1);
      });
    const g = new SmoothedClassifier(large, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.4, 0.3]);
    const run = (): Promise<number[]> => g.sampleCounts(x, { key: createKey(1), n: 200, batchSize: 30 });
    const onHost = await run();
    expect(Math.min(...onHost)).toBeGreaterThan(0);
    expect(await counted(run)).toEqual(onHost);
    x.dispose();
  });

  it('refuses counts that miss votes', async () => {
    const g = new SmoothedClassifier(linear.logits, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.4, 0.3]);
    tf.registerKernel({ kernelName: VOTES_KERNEL, backendName: 'cpu', kernelFunc: () => tf.zeros([4], 'int32') });
    const error = await thrownBy(() => g.sampleCounts(x, { key: createKey(1), n: 90, batchSize: 30 }));
    tf.unregisterKernel(VOTES_KERNEL, 'cpu');
    expect((error as Error).message).toMatch(/^SmoothedClassifier\.sampleCounts: `backend` must count 30 votes, got 0/);
    x.dispose();
  });
});
