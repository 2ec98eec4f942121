import type * as tf from '@tensorflow/tfjs';
import type { Classifier } from '../classifier/types.ts';
import type { Labels } from '../tensors/labels.ts';
import type { InputRange, Key } from '../types.ts';

/**
 * A batch of the host's loop, the same for every method: a loss takes from it what it needs, so the loop stays as it is when the method
 * changes.
 */
export interface TrainingBatch {
  /** Images [B, ...inputShape], float32; copied, not disposed. */
  readonly x: tf.Tensor;
  /** Class labels [B], from 0 to numClasses − 1; plain integers are checked. Copied, not disposed. */
  readonly labels: Labels;
  /** Drives every draw of `prepare`: each loss says which part draws what. */
  readonly key: Key;
  /** The noise ε [M, B, ...inputShape] to use instead of drawing it, with M = `numNoise` of the loss; copied, not disposed. */
  readonly noise?: tf.Tensor | undefined;
  /** Index of the epoch, from 0: needed by the options that change with it (warm-up, schedules), unused without them. */
  readonly epoch?: number | undefined;
  /**
   * ŷ, [B, numClasses], rows sum to 1: the smoothed prediction of a Gaussian-trained classifier. Used by `ConfidenceAwareLoss` alone; the
   * other losses take and ignore it. Copied, not disposed.
   */
  readonly softTargets?: tf.Tensor | undefined;
  /**
   * Index of the first image of `x` within the batch that `key` belongs to: not 0 where this is a share of that batch. Image b has the draws
   * of image firstImage + b, so the mean of the shares' losses, weighted by their sizes, is the loss of the whole batch.
   * @defaultValue 0
   */
  readonly firstImage?: number | undefined;
}

/**
 * A batch that a loss has prepared: its value for the tape, and tensors of its own.
 *
 * Dispose it after the step (`using` does it at the end of the block).
 */
export interface Prepared {
  /**
   * The loss of the batch, a scalar owned by the caller; the tape of `optimizer.minimize` sees only this.
   *
   * Labels in a tensor cannot be looked at here: where one is no class, value and gradients of a loss of catrs are NaN.
   */
  value(): tf.Scalar;
  /** Frees the tensors. */
  dispose(): void;
  /** Frees the tensors at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** The numbers of a training step: means over its images, or (N a list) one for each image. */
export interface StepMetrics<Terms = object, N = number> {
  /** The loss, which is the sum of its terms. */
  readonly loss: N;
  /** Accuracy under noise: the share of the noisy copies that the classifier gives their label. Of equal logits the lowest class counts. */
  readonly accuracy: N;
  /** Every term as it enters the loss, with its weight. */
  readonly terms: { readonly [Term in keyof Terms]: N };
}

/** A batch with its noise, what every loss of catrs prepares; some add to it. */
export interface PreparedBatch<Terms = object> extends Prepared {
  /** Images [B, ...inputShape]. */
  readonly x: tf.Tensor;
  /** Labels, int32 [B]. */
  readonly labels: tf.Tensor1D;
  /** Noise ε, [M, B, ...inputShape]. */
  readonly noise: tf.Tensor;
  /** The largest label, where the labels were plain numbers. */
  readonly largestLabel: number | undefined;
  /**
   * The terms of the loss per image, each as it enters the loss, with its weight: the mean over the images of their sum is the loss. They are
   * tensors of a forward pass of their own, on the tape if there is one, for objectives of your own; the tensors are the caller's.
   */
  terms(): Terms;
  /**
   * The numbers of the step, from the forward pass that the latest `value()` has made: nothing is computed again. Ask outside the tape, before
   * `dispose`.
   *
   * @throws TensorError before `value()` and after `dispose()`
   */
  metrics(): Promise<StepMetrics<Terms>>;
  /** The same numbers for each image, [B]; their means over the images are those of `metrics`. */
  perImage(): Promise<StepMetrics<Terms, readonly number[]>>;
}

/** The two-phase form of every training objective: `prepare` outside the gradient tape, `value` of what it prepared inside. */
export interface TrainingLoss<Batch = TrainingBatch, P extends Prepared = Prepared> {
  /** The base classifier that is trained: `checkTraining` looks at its logits. Every loss of catrs has it. */
  readonly classifier?: Classifier | undefined;
  /** Smallest and largest value of an input coordinate, where the loss keeps to them: `checkTraining` holds the images to it. */
  readonly inputRange?: InputRange | undefined;
  /** Draws the noise and runs the attack. The tensors of the batch are copied, not disposed. Throws inside a tape. */
  prepare(batch: Batch): P;
  /**
   * The same step, prepared with a look at numbers on the way that saves work. It copies the batch before it waits. A loss need not have it:
   * the function `prepareAsync` takes any.
   */
  prepareAsync?(batch: Batch): Promise<P>;
}
