import * as tf from '@tensorflow/tfjs';

/**
 * 1 where a comparison holds, else 0, in float32.
 *
 * Multiplied by 1: on the WebGPU backend (4.22) a cast truth value keeps its integer bits, and transposing it (as `tf.sum` over the first
 * axis does) gives zeros. Has no gradient: for constants only.
 * @internal
 */
export function indicator(holds: tf.Tensor): tf.Tensor {
  return tf.mul(tf.cast(holds, 'float32'), 1);
}
