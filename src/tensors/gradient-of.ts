import * as tf from '@tensorflow/tfjs';

/**
 * Gradient of a scalar function at a point, which also cleans up when the function throws.
 *
 * TensorFlow.js frees the tensors that a tape saved only when the tape is played back, so an error thrown through `tf.grad`
 * would leak them: here it waits until the tape is done.
 * @internal
 */
export function gradientOf(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor2D): tf.Tensor2D {
  let failure: { readonly error: unknown } | undefined;
  const guarded = (point: tf.Tensor): tf.Tensor => {
    try {
      return f(point);
    } catch (error) {
      failure = { error };
      return tf.sum(point);
    }
  };
  const gradient = tf.grad(guarded)(x) as tf.Tensor2D;
  if (failure === undefined) return gradient;
  gradient.dispose();
  throw failure.error;
}
