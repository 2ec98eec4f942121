import * as tf from '@tensorflow/tfjs';
import { asConstant } from '../tensors/as-constant.ts';
import { assertShape } from '../tensors/assert-shapes.ts';
import { crossEntropyRows } from '../tensors/cross-entropy.ts';
import { indicator } from '../tensors/indicator.ts';

/**
 * The confidence-aware loss of low-confidence images: L_low = (1/M) Σ of the K smallest of the M cross entropies.
 *
 * Divided by M, not by K. The gradient flows through the chosen entries only; among equal ones the earlier copies are chosen.
 *
 * @param logits - of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - int32 [B]; not disposed
 * @param k - how many copies count for each image, [B], 1 ≤ k ≤ M; not disposed
 * @returns L_low per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Jeong, Kim, Shin, CAT-RS, AAAI 2023 (bottom-K Gaussian training); alinlab/smoothing-catrs, train_catrs.py
 * @example
 * ```ts
 * const low = bottomKCrossEntropy(logits, labels, k);
 * ```
 */
export function bottomKCrossEntropy(logits: tf.Tensor3D, labels: tf.Tensor1D, k: tf.Tensor1D): tf.Tensor1D {
  const [, batch] = logits.shape;
  assertShape('bottomKCrossEntropy', 'labels', labels, [batch]);
  assertShape('bottomKCrossEntropy', 'k', k, [batch]);
  return tf.tidy(() => {
    const losses = crossEntropyRows(logits, labels) as tf.Tensor2D;
    const chosen = asConstant((values, count) => indicator(tf.less(ranks(values), count)), losses, k);
    return tf.mean(tf.mul(losses, chosen), 0) as tf.Tensor1D;
  });
}

/**
 * Rank of every entry along axis 0 of [M, B], 0 for the smallest; equal entries rank in their order.
 *
 * In float32 throughout: the WebGPU backend (4.22) leaves the results of logical operations on such shapes unwritten.
 */
function ranks(values: tf.Tensor): tf.Tensor {
  const [m = 1] = values.shape;
  const own = tf.expandDims(values, 1);
  const other = tf.expandDims(values, 0);
  const index = tf.range(0, m);
  const earlier = indicator(tf.less(tf.reshape(index, [1, m, 1]), tf.reshape(index, [m, 1, 1])));
  const before = tf.add(indicator(tf.less(other, own)), tf.mul(indicator(tf.equal(other, own)), earlier));
  return tf.sum(before, 1);
}
