import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkBackend, createKey, GaussianNoise, SmoothedClassifier } from '../../src/index.ts';
import { lenet } from '../../src/models/index.ts';
import { useBackend } from '../helpers/backends.ts';
import { nativeTensorflow } from '../helpers/guests.ts';
import { expectSameBits } from './batch-bits-suite.ts';

const native = nativeTensorflow();
const reason = 'reason' in native ? `: ${native.reason}` : '';

describe.skipIf('reason' in native)(`single rows on TensorFlow${reason}`, () => {
  beforeAll(() => useBackend('tensorflow'));

  it('have the bits that they have in a batch', () => {
    expectSameBits('lenet', [1, 2, 3, 5, 16, 17, 64, 100], { aloneDiffers: true });
  });

  it('are asked beside a copy, by batches of one and at the end of a run', async () => {
    const model = lenet({ key: createKey(1) });
    const seen = new Set<number>();
    const classifier = (x: tf.Tensor): tf.Tensor => {
      seen.add(x.shape[0] ?? 0);
      return model.apply(x, { training: false }) as tf.Tensor;
    };
    const g = new SmoothedClassifier(classifier, { noise: new GaussianNoise({ sigma: 0.5 }), numClasses: 10 });
    const x = tf.randomUniform([28, 28, 1], 0, 1, 'float32', 3);
    const options = { key: createKey(2), n0: 8, n: 41 };
    const whole = await g.certify(x, { ...options, batchSize: 49 });
    seen.clear();
    const single = await g.certify(x, { ...options, batchSize: 1 });
    expect([...seen]).toEqual([2]);
    expect({ ...single, batchSize: 0 }).toEqual({ ...whole, batchSize: 0 });
    expect((await g.certify(x, { ...options, batchSize: 8 })).counts).toEqual(whole.counts);
    expect(seen.has(1)).toBe(false);
  });

  it('of a model that takes only one are asked as they are', async () => {
    const input = tf.input({ batchShape: [1, 6] });
    const dense = tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.heNormal({ seed: 1 }) });
    const model = tf.model({ inputs: input, outputs: dense.apply(input) as tf.SymbolicTensor });
    const g = new SmoothedClassifier(model, { noise: new GaussianNoise({ sigma: 0.5 }), batchSize: 1 });
    const { counts } = await g.certify(tf.zeros([6]), { key: createKey(2), n0: 4, n: 20 });
    expect(counts).toBeDefined();
  });

  it('and batches have equal bits in checkBackend, which tells where they have not', async () => {
    const model = lenet({ key: createKey(1) });
    const sample = tf.randomUniform([2, 28, 28, 1], 0, 1, 'float32', 4);
    const found = await checkBackend(model, sample);
    expect(found).toMatchObject({ backend: 'tensorflow', comparedWith: 'cpu', batchDifference: 0 });
    expect(found.difference).toBeLessThan(1e-5);
    const breaking = (x: tf.Tensor): tf.Tensor =>
      tf.mul(model.apply(x, { training: false }) as tf.Tensor, 1 + 1e-6 * (x.shape[0] ?? 0));
    const { batchDifference } = await checkBackend(breaking, sample, { batchSize: 10 });
    expect(batchDifference).toBeGreaterThan(5e-6);
    expect(batchDifference).toBeLessThan(2e-5);
  });
});
