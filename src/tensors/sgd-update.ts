import * as tf from '@tensorflow/tfjs';
import { hasKernel, SGD_KERNEL, type SgdNumbers } from './device-kernels.ts';

/** The weights of a variable, its gradient, and its momentum so far, if there is one. @internal */
export interface SgdInputs {
  readonly weights: tf.Tensor;
  readonly gradient: tf.Tensor;
  readonly buffer: tf.Tensor | undefined;
}

/** New tensors; the buffer is undefined without momentum. @internal */
export interface SgdResults {
  readonly weights: tf.Tensor;
  readonly buffer: tf.Tensor | undefined;
}

/**
 * One step of stochastic gradient descent for one variable, as the doc comment of `Sgd` has it.
 *
 * A backend with a kernel for it passes once over the weights, with the same roundings; the first step, without a buffer, is never its.
 * @internal
 */
export function sgdUpdate(inputs: SgdInputs, numbers: SgdNumbers): SgdResults {
  const { weights, gradient, buffer } = inputs;
  const given = [weights, gradient, ...(buffer ? [buffer] : [])];
  const isPlain = given.every(({ dtype, shape }) => dtype === 'float32' && tf.util.arraysEqual(shape, weights.shape));
  const isWhole = numbers.momentum === 0 || buffer !== undefined;
  // Kernels of our own need not know empty tensors.
  const usesKernel = isPlain && isWhole && weights.size > 0 && hasKernel(SGD_KERNEL);
  return usesKernel ? byKernel(inputs, numbers) : sgdOperations(inputs, numbers);
}

function byKernel({ weights, gradient, buffer }: SgdInputs, numbers: SgdNumbers): SgdResults {
  const inputs = { weights, gradient, ...(numbers.momentum !== 0 && buffer && { buffer }) };
  const attributes = { ...numbers } as unknown as tf.NamedAttrMap;
  const results = tf.engine().runKernel(SGD_KERNEL, inputs, attributes) as unknown as tf.Tensor[];
  return { weights: results[0]!, buffer: results[1] };
}

/** The step in operations of TensorFlow.js, for every backend. @internal */
export function sgdOperations({ weights, gradient, buffer }: SgdInputs, numbers: SgdNumbers): SgdResults {
  const { learningRate, momentum, weightDecay, dampening, nesterov } = numbers;
  const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(weightDecay, weights));
  const move = (direction: tf.Tensor): tf.Tensor => tf.sub(weights, tf.mul(learningRate, direction));
  if (momentum === 0) return { weights: move(decayed), buffer: undefined };
  const kept = buffer ? tf.add(tf.mul(momentum, buffer), tf.mul(1 - dampening, decayed)) : decayed;
  return { weights: move(nesterov ? tf.add(decayed, tf.mul(momentum, kept)) : kept), buffer: kept };
}
