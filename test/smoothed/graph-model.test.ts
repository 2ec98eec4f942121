import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, GaussianLoss, GaussianNoise, SmoothedClassifier } from '../../src/index.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const WEIGHTS = Float32Array.of(1, -1, 0, 0.5, 2, -2, -1, 0, 1, 0.25, 0.5, -0.5);

/** A real graph model, logits = x · w, as `tf.loadGraphModel` reads it from a converted file. */
function loadLinearGraph(): Promise<tf.GraphModel> {
  const float = { type: 'DT_FLOAT' };
  const shape = { shape: { dim: [{ size: '-1' }, { size: '4' }] } };
  const modelTopology = {
    node: [
      { name: 'x', op: 'Placeholder', attr: { dtype: float, shape } },
      { name: 'w', op: 'Const', attr: { dtype: float } },
      {
        name: 'logits',
        op: 'MatMul',
        input: ['x', 'w'],
        attr: { transpose_a: { b: false }, transpose_b: { b: false }, T: float },
      },
    ],
    versions: { producer: 1 },
  };
  const weightSpecs = [{ name: 'w', shape: [4, 3], dtype: 'float32' as const }];
  return tf.loadGraphModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData: WEIGHTS.buffer }));
}

describe('a real tf.GraphModel', () => {
  const noise = new GaussianNoise({ sigma: 0.5 });
  const linear = (x: tf.Tensor): tf.Tensor => tf.matMul(x as tf.Tensor2D, tf.tensor2d(WEIGHTS, [4, 3]));
  let model: tf.GraphModel;

  beforeAll(async () => {
    await tf.setBackend('cpu');
    model = await loadLinearGraph();
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
    expect(() => loss.value(prepared)).toThrow('for training, got a tf.GraphModel');
  });
});
