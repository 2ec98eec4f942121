import * as tf from '@tensorflow/tfjs';
import { assertShape } from '../tensors/assert-shapes.ts';
import { labelEntries, meanSoftmax } from '../tensors/cross-entropy.ts';

// The official code adds it, so that a vanishing probability has a finite loss.
const PROBABILITY_GUARD = 1e-10;

/**
 * The classification part of MACER: L_C = −ln( (1/M) Σ_i softmax(f(x + ε_i))_y + 1e-10 ), the loss of the mean prediction and not the mean
 * loss. NaN logits give NaN.
 *
 * @param logits - of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - int32 [B]; not disposed
 * @returns L_C per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Zhai et al., MACER, ICLR 2020 (soft smoothed classifier); RuntianZ/macer, macer.py
 * @example
 * ```ts
 * const classification = macerClassification(logits, labels);
 * ```
 */
export function macerClassification(logits: tf.Tensor3D, labels: tf.Tensor1D): tf.Tensor1D {
  assertShape('macerClassification', 'labels', labels, [logits.shape[1]]);
  return tf.tidy(() => {
    const probability = labelEntries(meanSoftmax(logits), labels);
    const loss = tf.neg(tf.log(tf.add(probability, PROBABILITY_GUARD)));
    // The logarithm of WebGPU can turn NaN into a number (Chromium's SwiftShader: 89): the sum keeps it.
    return tf.add(loss, tf.mul(probability, 0)) as tf.Tensor1D;
  });
}
