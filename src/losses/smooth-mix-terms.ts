import * as tf from '@tensorflow/tfjs';
import { assertShape } from '../tensors/assert-shapes.ts';
import { klRows, meanSoftmax } from '../tensors/cross-entropy.ts';
import { type Labels, labelsOfLogits } from '../tensors/labels.ts';
import { asConstant, indicator } from '../tensors/masks.ts';

/**
 * Which images the mean softmax gets right: 1[argmax_c (1/M) Σ_i softmax(z_i)_c = y], the lowest class on a tie.
 *
 * @param logits - z of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - [B], an int32 tensor or plain integers; not disposed
 * @returns 1 or 0 per image in float32, [B], owned by the caller; a constant for the gradient tape
 * @throws TensorError if the shapes do not fit
 * @see Jeong et al., SmoothMix, NeurIPS 2021: only images that are classified correctly are mixed; jh-jeong/smoothmix, train.py
 * @example
 * ```ts
 * const mask = correctMask(logits, labels);
 * ```
 */
export function correctMask(logits: tf.Tensor3D, labels: Labels): tf.Tensor1D {
  const correct = (z: tf.Tensor, y: tf.Tensor): tf.Tensor => indicator(tf.equal(tf.argMax(meanSoftmax(z), -1), y));
  return tf.tidy(() => asConstant(correct, logits, labelsOfLogits('correctMask', labels, logits)) as tf.Tensor1D);
}

/**
 * Targets of the mixed images of SmoothMix: t = (1 − λ) p̄ + λ / C with p̄ = (1/M) Σ_i softmax(z_i), between the smoothed prediction
 * and the uniform distribution.
 *
 * Not a constant: the gradient flows through p̄, as in the official code.
 *
 * @param logits - z of the noisy copies of the clean images, [M, B, numClasses]; not disposed
 * @param mixing - λ of every image, [B], in [0, 1]; not disposed
 * @returns t, [B, numClasses], owned by the caller; rows sum to 1
 * @throws TensorError if the shapes do not fit
 * @see Jeong et al., "SmoothMix: Training Confidence-calibrated Smoothed Classifiers for Certified Robustness", NeurIPS 2021;
 * jh-jeong/smoothmix, train.py
 * @example
 * ```ts
 * const targets = mixTargets(logits, mixing);
 * ```
 */
export function mixTargets(logits: tf.Tensor3D, mixing: tf.Tensor1D): tf.Tensor2D {
  const [, batch, numClasses] = logits.shape;
  assertShape('mixTargets', 'mixing', mixing, [batch]);
  return tf.tidy(() => {
    const share = tf.expandDims(mixing, 1);
    return tf.add(tf.mul(tf.sub(1, share), meanSoftmax(logits)), tf.div(share, numClasses)) as tf.Tensor2D;
  });
}

/**
 * The mixup term of SmoothMix: (1/M) Σ_i KL(t ‖ softmax(z_i)), with 0 ln 0 = 0.
 *
 * The gradient flows through the logits and through the targets.
 *
 * @param logits - z of the noisy copies of the mixed images, [M, B, numClasses]; not disposed
 * @param targets - t, [B, numClasses], rows sum to 1: from {@link mixTargets}; not disposed
 * @returns the mean divergence per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Jeong et al., SmoothMix, NeurIPS 2021; jh-jeong/smoothmix, train.py
 * @example
 * ```ts
 * const mixup = mixupKl(logitsMixed, mixTargets(logits, mixing));
 * ```
 */
export function mixupKl(logits: tf.Tensor3D, targets: tf.Tensor2D): tf.Tensor1D {
  const [, batch, numClasses] = logits.shape;
  assertShape('mixupKl', 'targets', targets, [batch, numClasses]);
  return tf.tidy(() => tf.mean(klRows(logits, targets), 0) as tf.Tensor1D);
}
