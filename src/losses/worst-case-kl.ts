import * as tf from '@tensorflow/tfjs';
import { asConstant } from '../tensors/as-constant.ts';
import { assertSoftTargets } from '../tensors/assert-shapes.ts';
import { klRows } from '../tensors/cross-entropy.ts';
import { oneHot } from '../tensors/one-hot.ts';

/**
 * The worst-case term of CAT-RS: L_high = max_i KL(ŷ ‖ softmax f(x + ε*_i)), with 0 ln 0 = 0.
 *
 * The gradient flows through the one copy with the largest divergence (the first on a tie).
 *
 * @param logits - of the attacked noisy copies, [M, B, numClasses]; not disposed
 * @param softTargets - ŷ, [B, numClasses], rows sum to 1; not disposed
 * @returns L_high per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Jeong, Kim, Shin, CAT-RS, AAAI 2023 (worst-case Gaussian training); alinlab/smoothing-catrs, train_catrs.py
 * @example
 * ```ts
 * const high = worstCaseKl(logitsAdv, softTargets);
 * ```
 */
export function worstCaseKl(logits: tf.Tensor3D, softTargets: tf.Tensor2D): tf.Tensor1D {
  const [, batch, numClasses] = logits.shape;
  assertSoftTargets('worstCaseKl', softTargets, batch, numClasses);
  return tf.tidy(() => {
    const divergences = klRows(logits, softTargets);
    const [numNoise = 1] = divergences.shape;
    const first = (values: tf.Tensor): tf.Tensor => tf.transpose(oneHot(tf.argMax(values, 0), numNoise));
    return tf.sum(tf.mul(divergences, asConstant(first, divergences)), 0) as tf.Tensor1D;
  });
}
