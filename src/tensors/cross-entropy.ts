import * as tf from '@tensorflow/tfjs';
import { oneHot } from './masks.ts';

// ln of the smallest normal float32: keeps 0 ln 0 finite, so that it is 0.
/** @internal */
export const LEAST_PROBABILITY = 1.1754944e-38;

/** Logarithm of probabilities, finite at 0, NaN for NaN. @internal */
export function safeLog(probabilities: tf.Tensor): tf.Tensor {
  const logarithm = tf.log(tf.maximum(probabilities, LEAST_PROBABILITY));
  // The logarithm of WebGPU can turn NaN into a number (Chromium's SwiftShader: 89), which would become a vote: the sum keeps it.
  return tf.add(logarithm, tf.mul(probabilities, 0));
}

/**
 * −ln softmax(logits)[label] for every row: logits [..., B, C] and labels int32 [B] give [..., B].
 * @internal
 */
export function crossEntropyRows(logits: tf.Tensor, labels: tf.Tensor1D): tf.Tensor {
  return tf.neg(labelEntries(tf.logSoftmax(logits), labels));
}

/**
 * The entry of every row at its label: values [..., B, C] and labels int32 [B] give [..., B].
 *
 * NaN, and with a gradient of NaN, where a label is no class: labels in a tensor cannot be looked at without waiting, and such an image must
 * not seem to cost nothing.
 * @internal
 */
export function labelEntries(values: tf.Tensor, labels: tf.Tensor1D): tf.Tensor {
  const rows = oneHot(labels, values.shape.at(-1) ?? 0);
  // 1/1 and 0/1 at a class; 0/0, which is NaN, in the row of zeros of anything else.
  return tf.sum(tf.mul(values, tf.div(rows, tf.sum(rows, -1, true))), -1);
}

/**
 * KL(t ‖ softmax(logits)) = Σ_c t_c (ln t_c − ln softmax(logits)_c) for every row, with 0 ln 0 = 0: logits [..., B, C] and
 * targets [B, C] give [..., B].
 * @internal
 */
export function klRows(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(targets, tf.sub(safeLog(targets), tf.logSoftmax(logits))), -1);
}

/** Logits [M·B, C] of noise-major copies as [M, B, C]. @internal */
export function splitCopies(logits: tf.Tensor, numNoise: number): tf.Tensor3D {
  const [rows = 0, numClasses = 0] = logits.shape;
  return tf.reshape(logits, [numNoise, rows / numNoise, numClasses]);
}

/** Mean softmax over the copies: logits [M, B, C] give [B, C]. @internal */
export function meanSoftmax(logits: tf.Tensor): tf.Tensor {
  return tf.mean(tf.softmax(logits), 0);
}
