import * as tf from '@tensorflow/tfjs';

// torch.renorm divides by norm + 1e-7 when it shortens a vector; the golden numbers depend on it.
const RENORM_GUARD = 1e-7;

/** Reshapes [...leading, ...example] to [rows, coordinates], one row per example. @internal */
export function flattenExamples(x: tf.Tensor, leading: number): tf.Tensor2D {
  const rows = x.shape.slice(0, leading).reduce((product, size) => product * size, 1);
  return tf.reshape(x, [rows, x.size / Math.max(rows, 1)]);
}

/** Euclidean length of every row, [rows, 1]. Not meant for the tape: its gradient at 0 is NaN. @internal */
export function rowNorms(rows: tf.Tensor2D): tf.Tensor2D {
  return tf.sqrt(tf.sum(tf.square(rows), 1, true));
}

/** Scales rows longer than `length` back to it; shorter rows are unchanged. @internal */
export function shortenRows(rows: tf.Tensor2D, length: number): tf.Tensor2D {
  const norms = rowNorms(rows);
  const scale = tf.div(length, tf.add(norms, RENORM_GUARD));
  return tf.where(tf.greater(norms, length), tf.mul(rows, scale), rows);
}
