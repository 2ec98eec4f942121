import type * as tf from '@tensorflow/tfjs';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { Noise } from '../noise/types.ts';
import type { Labels } from '../tensors/labels.ts';
import type { InputRange, Key } from '../types.ts';

/**
 * What an attack on the input moves against: a smoothed classifier, as far as an attack must know it.
 *
 * `SmoothedClassifier` and `SoftSmoothedClassifier` have these fields; a loss makes them of its own. For a model alone, write
 * `{ logits: toLogitsFn(model), noise, inputRange: [0, 1] }`.
 */
export interface AttackTarget {
  /** The base classifier as a function to logits. */
  readonly logits: LogitsFn;
  /** The noise that smooths it; it must be additive where the attack has to draw it. */
  readonly noise: Noise;
  /** Smallest and largest value that an input coordinate may take, and so an attacked one. */
  readonly inputRange: InputRange;
}

/** What an attack on the noise is given. */
export interface NoiseAttackRequest {
  /** Images [B, ...inputShape]; not changed, not disposed. */
  readonly x: tf.Tensor;
  /** The drawn noise [M, B, ...inputShape], in input units; not disposed. */
  readonly noise: tf.Tensor;
  /** Target distribution of every image, [B, numClasses]; absent: the mean softmax over the M noisy copies, as a constant. */
  readonly softTargets?: tf.Tensor | undefined;
  /**
   * Factor of every length of the attack (`epsilon`, `stepSize`), greater than 0: losses set it from their schedules.
   * @defaultValue 1
   */
  readonly strength?: number | undefined;
}

/**
 * An attack that has looked once at a whole batch, and has moved nothing yet. Dispose it.
 *
 * What it is asked of in two parts is what it does in one: image b is attacked alike, whatever other images go on.
 */
export interface StartedAttack<Attacked> {
  /** Logits of the noisy copies before any step, [M, B, numClasses], in inference mode; freed by `dispose`. */
  readonly logits: tf.Tensor3D;
  /**
   * Goes on with some images of the batch, in the order given.
   *
   * @param images - their places in the batch, at least one
   * @returns what `perturb` returns for a batch of these images, owned by the caller
   */
  finish(images: readonly number[]): Attacked;
  /** Frees the tensors. */
  dispose(): void;
  /** Frees the tensors at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** An attack that moves the noise of smoothed training, not the image. A plain object is enough. */
export interface NoiseAttack {
  /** The attacked noise, [M, B, ...inputShape], owned by the caller. Called outside every gradient tape. */
  perturb(classifier: Classifier, request: NoiseAttackRequest): tf.Tensor;
  /**
   * The same attack in two parts, for losses that attack only some images: an attack that treats each image on its own may have it. It keeps
   * nothing of the request that the caller may dispose.
   */
  readonly start?: ((classifier: Classifier, request: NoiseAttackRequest) => StartedAttack<tf.Tensor>) | undefined;
}

/** What an attack on the input is given. */
export interface InputAttackRequest {
  /** Inputs [B, ...inputShape]; not changed, not disposed. */
  readonly x: tf.Tensor;
  /** Class labels [B] that the attack moves away from; not disposed. */
  readonly labels: Labels;
  /** Drives the noise (absent `noise`) and the directions taken where a gradient vanishes. */
  readonly key: Key;
  /** The noise [M, B, ...inputShape] to use instead of drawing it; not disposed. */
  readonly noise?: tf.Tensor | undefined;
  /**
   * Factor of every length of the attack (`epsilon`, `stepSize`, ...), greater than 0: losses set it from their schedules.
   * @defaultValue 1
   */
  readonly strength?: number | undefined;
  /**
   * Index of the first image in the batch that `key` belongs to: not 0 for a share of a batch. Image b of x has the draws of image
   * firstImage + b, so that an attack does to it what it would do in the whole batch.
   * @defaultValue 0
   */
  readonly firstImage?: number | undefined;
}

/** An attack on the input of a smoothed classifier: one perturbation for all noisy copies. A plain object is enough. */
export interface InputAttack {
  /** Largest length of the perturbation in input units, where it has one: `attackDataset` writes it into its rows. */
  readonly epsilon?: number | undefined;
  /** The attacked inputs x + δ, [B, ...inputShape], owned by the caller. Called outside every gradient tape. */
  perturb(target: AttackTarget, request: InputAttackRequest): tf.Tensor;
  /** The same attack with another `epsilon`: `attackDataset` asks for it where it is given `epsilons`. */
  withEpsilon?(epsilon: number): InputAttack;
}

/** Two versions of a batch, made by the attack of SmoothMix. Dispose the object. */
export interface MixPair {
  /** What training treats as the clean image, x_s: the image itself, or the attack after its first steps. [B, ...inputShape]. */
  readonly clean: tf.Tensor;
  /** The end of the attack, x_adv, [B, ...inputShape]. */
  readonly adversary: tf.Tensor;
  /** Frees both. */
  dispose(): void;
  /** Frees both at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** The attack that SmoothMix trains with. A plain object is enough. */
export interface MixAttack {
  /** Both ends of the line between an image and its adversary. Called outside every gradient tape; `strength` scales x_s − x. */
  perturb(target: AttackTarget, request: InputAttackRequest): MixPair;
  /**
   * The same attack in two parts, for a loss that mixes only some images: an attack that treats each image on its own and whose x_s is x may have it.
   */
  readonly start?: ((target: AttackTarget, request: InputAttackRequest) => StartedAttack<MixPair>) | undefined;
}
