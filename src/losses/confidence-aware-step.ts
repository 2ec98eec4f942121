import * as tf from '@tensorflow/tfjs';
import { labelEntries, meanSoftmax } from '../tensors/cross-entropy.ts';
import { asConstant, indicator } from '../tensors/masks.ts';
import { sampleK, voteFrequency } from './confidence-aware-terms.ts';
import type { PreparedBatch, StepMetrics } from './types.ts';

/** A batch with its draws, made by `prepare` of `ConfidenceAwareLoss`. */
export interface PreparedConfidenceAware extends PreparedBatch<ConfidenceAwareTerms> {
  /** Worst-case noise ε*, [M, B, ...inputShape], of the `attacked` images alone where there is such a list; absent where λ is 0 or none is attacked. */
  readonly noiseAdv: tf.Tensor | undefined;
  /** Places in the batch of the images that were attacked, by `prepareAsync`; absent: all. */
  readonly attacked?: readonly number[] | undefined;
  /** Uniform numbers [B, M] that decide K. */
  readonly uniforms: tf.Tensor2D;
  /** ŷ, [B, numClasses], where it was given; else the mean softmax over the same M noisy copies, as a constant. */
  readonly softTargets: tf.Tensor2D | undefined;
  /** K, [B], where it was given or `prepareAsync` has read it. */
  readonly k: tf.Tensor1D | undefined;
  /** The numbers of the step, from the pass of `value()`. */
  metrics(): Promise<ConfidenceAwareMetrics>;
  /** The same numbers for each image. */
  perImage(): Promise<ConfidenceAwareMetrics<readonly number[]>>;
}

/** The terms of the confidence-aware loss, one entry per image. */
export interface ConfidenceAwareTerms {
  /** L_low, [B]. */
  readonly low: tf.Tensor1D;
  /** λ · 1[K = M] · L_high, [B]; zero where λ is 0. */
  readonly high: tf.Tensor1D;
}

/** The numbers of a CAT-RS step. */
export interface ConfidenceAwareMetrics<N = number> extends StepMetrics<ConfidenceAwareTerms, N> {
  /** The confidence p̂ from which K is drawn: the accuracy under noise or, with `confidenceMask`, the soft target of the label. */
  readonly pHat: N;
  /** K, the number of noisy copies that L_low counts. */
  readonly k: N;
  /** 1[K = M]; its mean is the share of the images whose worst-case term counts. */
  readonly mask: N;
}

/** The tensors of a step, as `prepare` leaves them. @internal */
export type ConfidenceAwareTensors = Pick<
  PreparedConfidenceAware,
  'x' | 'labels' | 'noise' | 'largestLabel' | 'noiseAdv' | 'uniforms' | 'softTargets' | 'k'
>;

/** What follows from the clean pass of a CAT-RS step, as constants for the gradient tape. @internal */
export interface ConfidenceNumbers extends tf.TensorContainerObject {
  /** ŷ, [B, numClasses]: the given ones, or the mean softmax of the copies. */
  readonly softTargets: tf.Tensor2D;
  /** The share of the copies that vote for the label, [B]. */
  readonly accuracy: tf.Tensor1D;
  /** p̂, [B]. */
  readonly pHat: tf.Tensor1D;
  /** K, [B]. */
  readonly k: tf.Tensor1D;
  /** 1[K = M], [B]. */
  readonly mask: tf.Tensor1D;
}

/** p̂, K and the mask from the logits of the noisy copies [M, B, numClasses]; what was given comes back as it is. @internal */
export function confidenceNumbers(
  logits: tf.Tensor3D,
  given: Readonly<{ labels: tf.Tensor1D; uniforms: tf.Tensor2D }> & {
    readonly softTargets: tf.Tensor2D | undefined;
    readonly k: tf.Tensor1D | undefined;
  },
  confidenceMask: boolean,
): ConfidenceNumbers {
  const { labels, uniforms } = given;
  const [numNoise] = logits.shape;
  const softTargets = given.softTargets ?? (asConstant(meanSoftmax, logits) as tf.Tensor2D);
  const accuracy = voteFrequency(logits, labels);
  const pHat = confidenceMask ? (labelEntries(softTargets, labels) as tf.Tensor1D) : accuracy;
  const k = given.k ?? sampleK(pHat, uniforms);
  const mask = asConstant((count) => indicator(tf.greaterEqual(count, numNoise)), k) as tf.Tensor1D;
  return { softTargets, accuracy, pHat, k, mask };
}
