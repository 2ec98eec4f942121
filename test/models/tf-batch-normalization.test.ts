import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { torchBatchNormalization } from '../../src/models/torch-batch-normalization.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';

function normals(shape: readonly number[], seed: number): tf.Tensor {
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  fillNormals(values, { key: createKey(seed), start: 0, dimension: values.length });
  return tf.tensor(values, [...shape]);
}

function modelOf(layer: tf.layers.Layer, inputShape: readonly number[]): tf.LayersModel {
  return tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [...inputShape] }), layer] });
}

/** Value of the sum of w · layer(x) and its gradients for the scale, the shift and x. */
function valueAndGradients(model: tf.LayersModel, x: tf.Tensor, w: tf.Tensor, training = true): tf.Tensor[] {
  const sum = (input: tf.Tensor): tf.Scalar =>
    tf.tidy(() => tf.sum(tf.mul(model.apply(input, { training }) as tf.Tensor, w)) as tf.Scalar);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const { value, grads } = tf.variableGrads(() => sum(x), variables);
  return [value, ...Object.values(grads), tf.grad(sum)(x)];
}

const data = (tensors: readonly tf.Tensor[]): Promise<tf.TypedArray[]> => Promise.all(tensors.map((one) => one.data()));

// What docs/guide/models.md says of the layer that TensorFlow.js has itself.
describeBackends('tf.layers.batchNormalization in training', () => {
  it.each([[[6]], [[7, 3]], [[4, 4, 3]]])(
    'over the last axis of %j has the values and gradients of PyTorch',
    async (shape) => {
      const [x, w] = [normals([5, ...shape], 1), normals([5, ...shape], 2)];
      const its = modelOf(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }), shape);
      const ours = modelOf(torchBatchNormalization(), shape);
      const found = await data(valueAndGradients(its, x, w));
      const expected = await data(valueAndGradients(ours, x, w));
      expect(found).toHaveLength(4);
      found.forEach((values, i) => values.forEach((value, j) => expect(value).toBeCloseTo(expected[i]![j]!, 4)));
      expect(found[3]!.some((slope) => Math.abs(slope) > 0.1)).toBe(true);
    },
  );

  it('keeps the biased variance: (n - 1) / n of the one that PyTorch keeps', async () => {
    const x = normals([5, 2], 3);
    const moved = async (layer: tf.layers.Layer): Promise<tf.TypedArray> => {
      const model = modelOf(layer, [2]);
      model.apply(x, { training: true });
      return model.getWeights().at(-1)!.data();
    };
    const its = await moved(tf.layers.batchNormalization({ momentum: 0, epsilon: 1e-5 }));
    const ours = await moved(torchBatchNormalization({ momentum: 0 }));
    its.forEach((variance, i) => expect(variance).toBeCloseTo((4 / 5) * ours[i]!, 5));
  });

  it('takes a single value a channel, which has no variance', async () => {
    const model = modelOf(tf.layers.batchNormalization(), [3]);
    expect([...(await (model.apply(normals([1, 3], 1), { training: true }) as tf.Tensor).data())]).toEqual([0, 0, 0]);
    expect(() => modelOf(torchBatchNormalization(), [3]).apply(normals([1, 3], 1), { training: true })).toThrow(
      'must have at least 2 values a channel',
    );
  });

  it('moves its statistics where it is frozen, too', async () => {
    const layer = tf.layers.batchNormalization({ momentum: 0.9 });
    layer.trainable = false;
    const model = modelOf(layer, [2]);
    model.apply(normals([5, 2], 3), { training: true });
    expect([...(await model.getWeights()[0]!.data()), ...(await model.getWeights()[1]!.data())]).toEqual([1, 1, 0, 0]);
    expect((await model.getWeights()[2]!.data()).every((mean) => mean !== 0)).toBe(true);
  });

  it('over another axis has a gradient for its input in inference mode, and none in training', () => {
    const [x, w] = [normals([5, 3, 4, 4], 1), normals([5, 3, 4, 4], 2)];
    const model = modelOf(tf.layers.batchNormalization({ axis: 1 }), [3, 4, 4]);
    const attacked = (input: tf.Tensor): tf.Tensor =>
      tf.sum(tf.mul(model.apply(input, { training: false }) as tf.Tensor, w));
    expect(tf.grad(attacked)(x).shape).toEqual(x.shape);
    // In the words of TensorFlow.js, or of TensorFlow.
    const refused = /must match the product of shape 1,3,1,1|240 values, but the requested shape has 3/;
    expect(() => valueAndGradients(model, x, w)).toThrow(refused);
    expect(() => valueAndGradients(model, x, w, false)).toThrow(refused);
  });

  it('does not take inputs of rank 5', () => {
    const apply = (layer: tf.layers.Layer): unknown =>
      modelOf(layer, [2, 4, 4, 3]).apply(normals([5, 2, 4, 4, 3], 1), { training: true });
    expect(() => apply(tf.layers.batchNormalization())).toThrow('not implemented for array of rank 5');
    expect(apply(torchBatchNormalization())).toBeDefined();
  });
});
