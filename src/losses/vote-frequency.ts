import * as tf from '@tensorflow/tfjs';
import { asConstant } from '../tensors/as-constant.ts';
import { assertShape } from '../tensors/assert-shapes.ts';
import { labelEntries } from '../tensors/cross-entropy.ts';
import { oneHot } from '../tensors/one-hot.ts';

/**
 * Share of the noisy copies that vote for the label, p̂ = (1/M) Σ_i 1[argmax f(x + ε_i) = y].
 *
 * @param logits - [M, B, numClasses]; not disposed
 * @param labels - int32 [B]; not disposed
 * @returns p̂ [B], owned by the caller; a constant for the gradient tape
 * @throws TensorError if the shapes do not fit
 * @see Jeong, Kim, Shin, CAT-RS, AAAI 2023: the accuracy under noise as a proxy of robustness
 */
export function voteFrequency(logits: tf.Tensor3D, labels: tf.Tensor1D): tf.Tensor1D {
  assertShape('voteFrequency', 'labels', labels, [logits.shape[1]]);
  const frequency = (z: tf.Tensor, y: tf.Tensor): tf.Tensor => {
    const votes = oneHot(tf.argMax(z, -1), z.shape.at(-1) ?? 0);
    return tf.mean(labelEntries(votes, y as tf.Tensor1D), 0);
  };
  return asConstant(frequency, logits, labels) as tf.Tensor1D;
}
