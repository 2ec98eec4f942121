import * as tf from '@tensorflow/tfjs';
import { asConstant } from '../tensors/as-constant.ts';
import { assertShape } from '../tensors/assert-shapes.ts';
import { indicator } from '../tensors/indicator.ts';

/**
 * K ~ max(1, Bin(M, p̂)) from M uniform numbers per image: K = max(1, Σ_j 1[u_j < p̂]).
 *
 * @param pHat - success probability per image, [B], in [0, 1]; not disposed
 * @param uniforms - independent uniforms in [0, 1), [B, M]; not disposed
 * @returns K as whole numbers in float32, [B], owned by the caller; a constant for the gradient tape
 * @throws TensorError if the shapes do not fit
 * @see Jeong, Kim, Shin, CAT-RS, AAAI 2023; alinlab/smoothing-catrs, train_catrs.py
 */
export function sampleK(pHat: tf.Tensor1D, uniforms: tf.Tensor2D): tf.Tensor1D {
  assertShape('sampleK', 'pHat', pHat, [uniforms.shape[0]]);
  const draw = (p: tf.Tensor, u: tf.Tensor): tf.Tensor => {
    const successes = tf.sum(indicator(tf.less(u, tf.expandDims(p, 1))), 1);
    return tf.maximum(successes, 1);
  };
  return asConstant(draw, pHat, uniforms) as tf.Tensor1D;
}
