import type * as tf from '@tensorflow/tfjs';

/** The one tensor that a layer is called with. @internal */
export function onlyTensor(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
}

/** Size of the last dimension, in which the channels lie. @internal */
export function lastDimension(shape: tf.Shape | tf.Shape[]): number | null {
  return (shape.at(-1) as number | null | undefined) ?? null;
}
