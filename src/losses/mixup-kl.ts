import * as tf from '@tensorflow/tfjs';
import { assertShape } from '../tensors/assert-shapes.ts';
import { klRows } from '../tensors/cross-entropy.ts';

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
