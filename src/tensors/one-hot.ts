import * as tf from '@tensorflow/tfjs';
import { indicator } from './indicator.ts';

/**
 * Indicator rows in float32: int32 [...] → [..., depth]; a row of zeros for an index out of range.
 *
 * Compared by hand: `tf.oneHot` refuses depth 1 (one noisy copy), and asked for float32 it gives denormal numbers on the WASM
 * backend (4.22 writes integer bits).
 * @internal
 */
export function oneHot(indices: tf.Tensor, depth: number): tf.Tensor {
  const equal = tf.equal(tf.expandDims(indices, -1), tf.range(0, depth, 1, 'int32'));
  return indicator(equal);
}
