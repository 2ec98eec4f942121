import * as tf from '@tensorflow/tfjs';
import { assertShape } from '../tensors/assert-shapes.ts';
import { meanSoftmax } from '../tensors/cross-entropy.ts';

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
