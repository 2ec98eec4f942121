import * as tf from '@tensorflow/tfjs';
import { assertShape, assertSoftTargets } from '../tensors/assert-shapes.ts';
import { crossEntropyRows, klRows, labelEntries } from '../tensors/cross-entropy.ts';
import { type Labels, labelsOfLogits } from '../tensors/labels.ts';
import { asConstant, indicator, oneHot } from '../tensors/masks.ts';

/**
 * Share of the noisy copies that vote for the label, p̂ = (1/M) Σ_i 1[argmax f(x + ε_i) = y].
 *
 * @param logits - [M, B, numClasses]; not disposed
 * @param labels - [B], an int32 tensor or plain integers; not disposed
 * @returns p̂ [B], owned by the caller; a constant for the gradient tape
 * @throws TensorError if the shapes do not fit
 * @see Jeong, Kim, Shin, CAT-RS, AAAI 2023: the accuracy under noise as a proxy of robustness
 */
export function voteFrequency(logits: tf.Tensor3D, labels: Labels): tf.Tensor1D {
  const frequency = (z: tf.Tensor, y: tf.Tensor): tf.Tensor => {
    const votes = oneHot(tf.argMax(z, -1), z.shape.at(-1) ?? 0);
    return tf.mean(labelEntries(votes, y as tf.Tensor1D), 0);
  };
  return tf.tidy(() => asConstant(frequency, logits, labelsOfLogits('voteFrequency', labels, logits)) as tf.Tensor1D);
}

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

/**
 * The confidence-aware loss of low-confidence images: L_low = (1/M) Σ of the K smallest of the M cross entropies.
 *
 * Divided by M, not by K. The gradient flows through the chosen entries only; among equal ones the earlier copies are chosen.
 *
 * @param logits - of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - [B], an int32 tensor or plain integers; not disposed
 * @param k - how many copies count for each image, [B], 1 ≤ k ≤ M; not disposed
 * @returns L_low per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Jeong, Kim, Shin, CAT-RS, AAAI 2023 (bottom-K Gaussian training); alinlab/smoothing-catrs, train_catrs.py
 * @example
 * ```ts
 * const low = bottomKCrossEntropy(logits, labels, k);
 * ```
 */
export function bottomKCrossEntropy(logits: tf.Tensor3D, labels: Labels, k: tf.Tensor1D): tf.Tensor1D {
  const call = 'bottomKCrossEntropy';
  return tf.tidy(() => {
    const y = labelsOfLogits(call, labels, logits);
    assertShape(call, 'k', k, [logits.shape[1]]);
    const losses = crossEntropyRows(logits, y) as tf.Tensor2D;
    return tf.mean(tf.mul(losses, bottomK(losses, k)), 0) as tf.Tensor1D;
  });
}

/** 1 for the K smallest of the M losses of each image, else 0: [M, B] and [B] give [M, B]; a constant for the gradient tape. @internal */
export function bottomK(losses: tf.Tensor2D, k: tf.Tensor1D): tf.Tensor2D {
  return asConstant((values, count) => indicator(tf.less(ranks(values), count)), losses, k) as tf.Tensor2D;
}

/**
 * Rank of every entry along axis 0 of [M, B], 0 for the smallest; equal entries rank in their order.
 *
 * In float32 throughout: the WebGPU backend (4.22) leaves the results of logical operations on such shapes unwritten.
 */
function ranks(values: tf.Tensor): tf.Tensor {
  const [m = 1] = values.shape;
  const own = tf.expandDims(values, 1);
  const other = tf.expandDims(values, 0);
  const index = tf.range(0, m);
  const earlier = indicator(tf.less(tf.reshape(index, [1, m, 1]), tf.reshape(index, [m, 1, 1])));
  const before = tf.add(indicator(tf.less(other, own)), tf.mul(indicator(tf.equal(other, own)), earlier));
  return tf.sum(before, 1);
}

/**
 * The worst-case term of CAT-RS: L_high = max_i KL(ŷ ‖ softmax f(x + ε*_i)), with 0 ln 0 = 0.
 *
 * The gradient flows through the one copy with the largest divergence (the first on a tie).
 *
 * @param logits - of the attacked noisy copies, [M, B, numClasses]; not disposed
 * @param softTargets - ŷ, [B, numClasses], rows sum to 1; not disposed
 * @returns L_high per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Jeong, Kim, Shin, CAT-RS, AAAI 2023 (worst-case Gaussian training); alinlab/smoothing-catrs, train_catrs.py
 * @example
 * ```ts
 * const high = worstCaseKl(logitsAdv, softTargets);
 * ```
 */
export function worstCaseKl(logits: tf.Tensor3D, softTargets: tf.Tensor2D): tf.Tensor1D {
  const [, batch, numClasses] = logits.shape;
  assertSoftTargets('worstCaseKl', softTargets, batch, numClasses);
  return tf.tidy(() => {
    const divergences = klRows(logits, softTargets);
    const [numNoise = 1] = divergences.shape;
    const first = (values: tf.Tensor): tf.Tensor => tf.transpose(oneHot(tf.argMax(values, 0), numNoise));
    return tf.sum(tf.mul(divergences, asConstant(first, divergences)), 0) as tf.Tensor1D;
  });
}
