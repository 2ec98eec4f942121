import * as tf from '@tensorflow/tfjs';

/** Σ_i w_i t_i of tensors of one shape. @internal */
export function weightedSum(tensors: readonly tf.Tensor[], weights: readonly number[]): tf.Tensor {
  const [first, ...others] = tensors.map((tensor, i) => tf.mul(tensor, weights[i] ?? 0));
  return others.reduce((sum, tensor) => tf.add(sum, tensor), first ?? tf.scalar(0));
}
