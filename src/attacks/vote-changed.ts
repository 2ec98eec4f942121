import * as tf from '@tensorflow/tfjs';
import { indicator } from '../tensors/indicator.ts';
import { oneHot } from '../tensors/one-hot.ts';

/**
 * 1 where the class with the most votes is not the label, else 0: logits or probabilities [M, B, C] give [B, 1]. Not meant for the tape.
 *
 * Of classes with equally many votes the lowest counts.
 * @internal
 */
export function voteChanged(rows: tf.Tensor3D, labels: tf.Tensor1D): tf.Tensor2D {
  const votes = tf.sum(oneHot(tf.argMax(rows, -1), rows.shape[2]), 0);
  return indicator(tf.expandDims(tf.notEqual(tf.argMax(votes, -1), labels), 1)) as tf.Tensor2D;
}
