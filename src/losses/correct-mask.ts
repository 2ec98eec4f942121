import * as tf from '@tensorflow/tfjs';
import { asConstant } from '../tensors/as-constant.ts';
import { assertShape } from '../tensors/assert-shapes.ts';
import { meanSoftmax } from '../tensors/cross-entropy.ts';
import { indicator } from '../tensors/indicator.ts';

/**
 * Which images the mean softmax gets right: 1[argmax_c (1/M) Σ_i softmax(z_i)_c = y], the lowest class on a tie.
 *
 * @param logits - z of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - int32 [B]; not disposed
 * @returns 1 or 0 per image in float32, [B], owned by the caller; a constant for the gradient tape
 * @throws TensorError if the shapes do not fit
 * @see Jeong et al., SmoothMix, NeurIPS 2021: only images that are classified correctly are mixed; jh-jeong/smoothmix, train.py
 * @example
 * ```ts
 * const mask = correctMask(logits, labels);
 * ```
 */
export function correctMask(logits: tf.Tensor3D, labels: tf.Tensor1D): tf.Tensor1D {
  assertShape('correctMask', 'labels', labels, [logits.shape[1]]);
  const correct = (z: tf.Tensor, y: tf.Tensor): tf.Tensor => indicator(tf.equal(tf.argMax(meanSoftmax(z), -1), y));
  return asConstant(correct, logits, labels) as tf.Tensor1D;
}
