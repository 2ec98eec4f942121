import * as tf from '@tensorflow/tfjs';
import { parseConsistencyTermOptions } from '../options/consistency-loss-options.ts';
import { assertCopies } from '../tensors/assert-shapes.ts';
import { klRows, meanSoftmax } from '../tensors/cross-entropy.ts';

/** Which disagreement of the noisy predictions is penalised, with p_i = softmax f(x + ε_i) and p̄ their mean; see {@link consistencyTerm}. */
export type ConsistencyMode = 'default' | 'xent' | 'kl' | 'mse';

/** Options of {@link consistencyTerm}. */
export interface ConsistencyTermOptions {
  /** Weight of the consistency, λ. */
  readonly lambda: number;
  /**
   * Weight of the entropy, η; used by the mode `default` only.
   * @defaultValue 0.5
   */
  readonly eta?: number;
  /**
   * The form of the term.
   * @defaultValue 'default'
   */
  readonly mode?: ConsistencyMode;
}

// The official code takes the entropy's logarithm of no less.
const LEAST_IN_ENTROPY = 1e-20;

/**
 * The consistency regulariser of one image, with its weights.
 *
 * With p_i = softmax(z_i), p̄ = (1/M) Σ p_i, K = (1/M) Σ_i KL(p̄ ‖ p_i) and H = −Σ_c p̄_c ln max(p̄_c, 1e-20):
 * - `default`: λ K + η H
 * - `xent`: λ (K + H), the mean cross entropy of the copies against p̄
 * - `kl`: λ K
 * - `mse`: λ ‖p₂ − p₁‖², of the first two copies only
 *
 * p̄ is no constant: the gradient flows through it, as in the official code.
 *
 * @param logits - of the noisy copies, [M, B, numClasses], M at least 2; not disposed
 * @returns the term per image, [B], owned by the caller
 * @throws OptionError for wrong options, TensorError for fewer than 2 copies
 * @see Jeong, Shin, "Consistency Regularization for Certified Robustness of Smoothed Classifiers", NeurIPS 2020;
 * jh-jeong/smoothing-consistency, consistency.py
 * @example
 * ```ts
 * const consistency = consistencyTerm(logits, { lambda: 10 });
 * ```
 */
export function consistencyTerm(logits: tf.Tensor3D, options: ConsistencyTermOptions): tf.Tensor1D {
  const { mode, lambda, eta } = parseConsistencyTermOptions('consistencyTerm', options);
  assertCopies('consistencyTerm', 'logits', logits, 2);
  return tf.tidy(() => {
    if (mode === 'mse') return tf.mul(lambda, squaredDistance(logits)) as tf.Tensor1D;
    const average = meanSoftmax(logits);
    const divergence = tf.mul(lambda, tf.mean(klRows(logits, average), 0));
    if (mode === 'kl') return divergence as tf.Tensor1D;
    return tf.add(divergence, tf.mul(mode === 'xent' ? lambda : eta, entropyRows(average))) as tf.Tensor1D;
  });
}

/** ‖softmax(z₂) − softmax(z₁)‖² for every image, [B]. */
function squaredDistance(logits: tf.Tensor3D): tf.Tensor {
  const [first, second] = [0, 1].map((copy) => tf.softmax(tf.slice(logits, [copy, 0, 0], [1, -1, -1])));
  return tf.sum(tf.square(tf.sub(second as tf.Tensor, first as tf.Tensor)), [0, 2]);
}

function entropyRows(probabilities: tf.Tensor): tf.Tensor {
  return tf.neg(tf.sum(tf.mul(probabilities, tf.log(tf.maximum(probabilities, LEAST_IN_ENTROPY))), -1));
}
