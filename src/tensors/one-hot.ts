import * as tf from '@tensorflow/tfjs';

/**
 * Indicator rows in float32: int32 [...] → [..., depth].
 *
 * Asking `tf.oneHot` for float32 gives denormal numbers on the WASM backend (4.22 writes integer bits), so it is cast.
 * @internal
 */
export function oneHot(indices: tf.Tensor, depth: number): tf.Tensor {
  return tf.cast(tf.oneHot(indices as tf.Tensor1D, depth), 'float32');
}
