import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { normalizeByBatch } from '../../src/tensors/batch-norm-training.ts';

/** The identity; its gradient tells how many tensors there are when it is reached. */
const probe = (seen: number[]): ((x: tf.Tensor) => tf.Tensor) =>
  tf.customGrad((x) => ({
    value: tf.clone(x as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => {
      seen.push(tf.memory().numTensors);
      return tf.clone(dy);
    },
  }));

it('keeps nothing but its three gradients until the gradient of the whole network is done', () => {
  const seen: number[] = [];
  const identity = probe(seen);
  const loss = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Scalar =>
    tf.sum(identity(normalizeByBatch({ x: identity(x), scale: gamma, offset: beta, epsilon: 1e-5 }, () => undefined)));
  tf.tidy(() => tf.grads(loss)([tf.range(0, 24).reshape([4, 2, 3]), tf.ones([3]), tf.zeros([3])]));
  const [before = NaN, after] = seen;
  // The gradient of the outer identity, and those of x, gamma and beta.
  expect(after).toBe(before + 4);
});
