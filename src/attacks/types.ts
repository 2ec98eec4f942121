import type * as tf from '@tensorflow/tfjs';
import type { Classifier } from '../classifier/types.ts';

/** What an attack on the noise is given. */
export interface NoiseAttackRequest {
  /** Images [B, ...inputShape]; not changed, not disposed. */
  readonly x: tf.Tensor;
  /** The drawn noise [M, B, ...inputShape], in input units; not disposed. */
  readonly noise: tf.Tensor;
  /** Target distribution of every image, [B, numClasses]; absent: the mean softmax over the M noisy copies, as a constant. */
  readonly softTargets?: tf.Tensor | undefined;
}

/** An attack that moves the noise of smoothed training, not the image. A plain object is enough. */
export interface NoiseAttack {
  /** The attacked noise, [M, B, ...inputShape], owned by the caller. Called outside every gradient tape. */
  perturb(classifier: Classifier, request: NoiseAttackRequest): tf.Tensor;
}
