import * as tf from '@tensorflow/tfjs';
import type { PreparedBatch, StepMetrics } from './types.ts';

/** A batch with its draws, made by `prepare` of `SmoothMixLoss`; `x` holds the images as they were given. */
export interface PreparedSmoothMix extends PreparedBatch<SmoothMixTerms> {
  /** What the loss treats as the clean images, x_s, [B, ...inputShape]. */
  readonly clean: tf.Tensor;
  /** x_adv, [B, ...inputShape], of the `attacked` images alone where there is such a list. */
  readonly adversary: tf.Tensor;
  /** Places in the batch of the images that were attacked, by `prepareAsync`; absent: all. */
  readonly attacked?: readonly number[] | undefined;
  /** Mixing weights λ, [B]. */
  readonly mixing: tf.Tensor1D;
  /** The warm-up factor w of the epoch, in (0, 1]. */
  readonly warmUp: number;
  /** The numbers of the step, from the pass of `value()`. */
  metrics(): Promise<SmoothMixMetrics>;
  /** The same numbers for each image. */
  perImage(): Promise<SmoothMixMetrics<readonly number[]>>;
}

/** The terms of the SmoothMix loss, one entry per image. */
export interface SmoothMixTerms {
  /** Mean cross entropy of the noisy copies of x_s, [B]. */
  readonly crossEntropy: tf.Tensor1D;
  /** η · w · 1[argmax p̄ = y] times the mean divergence of the noisy copies of the mixed image from its target, [B]. */
  readonly mixup: tf.Tensor1D;
}

/** The numbers of a SmoothMix step. */
export interface SmoothMixMetrics<N = number> extends StepMetrics<SmoothMixTerms, N> {
  /** 1[argmax p̄ = y]; its mean is the share of the images that are mixed. */
  readonly mask: N;
}

/** The tensors of a step, as `prepare` leaves them. @internal */
export type SmoothMixTensors = Pick<
  PreparedSmoothMix,
  'labels' | 'noise' | 'largestLabel' | 'clean' | 'adversary' | 'mixing' | 'warmUp'
>;

/** x_m = (1 − λ) x_s + λ x_adv. @internal */
export function mix(clean: tf.Tensor, adversary: tf.Tensor, mixing: tf.Tensor1D): tf.Tensor {
  const share = tf.reshape(mixing, [mixing.size, ...clean.shape.slice(1).map(() => 1)]);
  return tf.add(tf.mul(tf.sub(1, share), clean), tf.mul(share, adversary));
}
