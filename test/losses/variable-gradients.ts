import * as tf from '@tensorflow/tfjs';

/** The value of a loss and its gradients by weight name, on the tape that `optimizer.minimize` would use. */
export function lossAndGradients(
  value: () => tf.Scalar,
  variables: Readonly<Record<string, tf.Variable>>,
): { loss: tf.Scalar; gradients: Record<string, tf.Tensor> } {
  const { value: loss, grads } = tf.variableGrads(value, Object.values(variables));
  const entries = Object.entries(variables).map(([name, variable]) => [name, grads[variable.name]!] as const);
  return { loss, gradients: Object.fromEntries(entries) };
}
