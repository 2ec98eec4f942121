import * as tf from '@tensorflow/tfjs';
import { assertShape } from '../tensors/assert-shapes.ts';
import { crossEntropyRows } from '../tensors/cross-entropy.ts';

/**
 * Mean cross entropy of the noisy copies of every image, (1/M) Σ_i −ln softmax(f(x + ε_i))_y.
 *
 * @param logits - of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - int32 [B]; not disposed
 * @returns the mean per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, section 3.3; locuslab/smoothing, train.py
 * @example
 * ```ts
 * const perImage = noisyCrossEntropy(logits, labels);
 * ```
 */
export function noisyCrossEntropy(logits: tf.Tensor3D, labels: tf.Tensor1D): tf.Tensor1D {
  assertShape('noisyCrossEntropy', 'labels', labels, [logits.shape[1]]);
  return tf.tidy(() => tf.mean(crossEntropyRows(logits, labels), 0) as tf.Tensor1D);
}
