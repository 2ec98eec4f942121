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
    // The tape may have freed the inputs by then: only their shapes are left.
    gradFunc: () => inputs.map(({ shape }) => tf.zeros(shape)),
  }));
  return constant(...inputs);
}

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
