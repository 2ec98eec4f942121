import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, GaussianLoss, GaussianNoise, SmoothedClassifier } from '../../src/index.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { loadLinearGraph } from '../helpers/linear-graph.ts';

describe('a real tf.GraphModel', () => {
  const noise = new GaussianNoise({ sigma: 0.5 });
  let model: tf.GraphModel;
  let linear: (x: tf.Tensor) => tf.Tensor;

  beforeAll(async () => {
    await tf.setBackend('cpu');
    ({ model, logits: linear } = await loadLinearGraph());
  });

  it('is certified and predicted as the function that it computes', async () => {
    const x = tf.tensor1d([0.9, 0.1, 0.2, 0.4]);
    const options = { noise, numClasses: 3 };
    const graph = new SmoothedClassifier(model, options);
    const plain = new SmoothedClassifier(linear, options);
    await expectNoLeak(async () => {
      const certificate = await graph.certify(x, { key: createKey(1), n: 500 });
      expect(certificate).toEqual(await plain.certify(x, { key: createKey(1), n: 500 }));
      const prediction = await graph.predict(x, { key: createKey(2), n: 500 });
      expect(prediction).toEqual(await plain.predict(x, { key: createKey(2), n: 500 }));
    });
  });

  it('names its declared shape to an example of another', async () => {
    const g = new SmoothedClassifier(model, { noise, numClasses: 3 });
    const call = g.certify(tf.zeros([5]), { key: createKey(1), n: 100 });
    await expect(call).rejects.toThrow('`x` must be one example, a tensor of shape [4], got shape [5]');
  });

  it('cannot be trained', () => {
    const loss = new GaussianLoss(model, { noise });
    const prepared = loss.prepare({ x: tf.zeros([2, 4]), labels: [0, 1], key: createKey(0) });
    expect(() => prepared.value()).toThrow('for training, got a tf.GraphModel');
  });
});
