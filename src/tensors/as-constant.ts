import * as tf from '@tensorflow/tfjs';

/**
 * Computes a tensor that the gradient tape treats as a constant.
 *
 * TensorFlow.js has no `stopGradient`, and comparisons, ranks and arg-maxima have no gradient at all: the whole computation
 * must run inside one custom gradient that is zero, not only its input or its result.
 * @internal
 */
export function asConstant(compute: (...inputs: tf.Tensor[]) => tf.Tensor, ...inputs: tf.Tensor[]): tf.Tensor {
  const constant = tf.customGrad((...args) => ({
    value: compute(...(args.slice(0, inputs.length) as tf.Tensor[])),
    gradFunc: () => inputs.map((input) => tf.zerosLike(input)),
  }));
  return constant(...inputs);
}
