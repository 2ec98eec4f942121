import * as tf from '@tensorflow/tfjs';
import { assertShape } from '../tensors/assert-shapes.ts';

/**
 * The stability term: cross entropy of the noisy predictions against the clean one, (1/M) Σ_i −Σ_c softmax(f(x))_c ln softmax(f(x + ε_i))_c.
 *
 * The clean prediction is no constant: the gradient flows through both arguments, as in the official code.
 *
 * @param logitsClean - of the images, [B, numClasses]; not disposed
 * @param logitsNoisy - of the noisy copies, [M, B, numClasses]; not disposed
 * @returns the term per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Li, Chen, Wang, Carin, "Certified Adversarial Robustness with Additive Noise", NeurIPS 2019 (stability training);
 * alinlab/smoothing-catrs, train_stab.py
 * @example
 * ```ts
 * const stability = stabilityTerm(logitsClean, logits);
 * ```
 */
export function stabilityTerm(logitsClean: tf.Tensor2D, logitsNoisy: tf.Tensor3D): tf.Tensor1D {
  const [, batch, numClasses] = logitsNoisy.shape;
  assertShape('stabilityTerm', 'logitsClean', logitsClean, [batch, numClasses]);
  return tf.tidy(() => {
    const losses = tf.neg(tf.sum(tf.mul(tf.softmax(logitsClean), tf.logSoftmax(logitsNoisy)), -1));
    return tf.mean(losses, 0) as tf.Tensor1D;
  });
}
