import type * as tf from '@tensorflow/tfjs';

/** The tensors of a batch, and where its examples come from. @internal */
export interface DatasetBatchContents {
  readonly x: tf.Tensor;
  readonly labels: Int32Array;
  readonly softTargets: tf.Tensor2D | undefined;
  readonly indices: Uint32Array;
}

/**
 * A batch of a data set, as `trainingBatches` gives it.
 *
 * `{ ...batch, key }` has the fields that `prepare` of a loss takes, and no others.
 */
export class DatasetBatch {
  /** Inputs [B, ...shape], float32; the caller's to dispose. */
  readonly x: tf.Tensor;
  /** Classes [B]. */
  readonly labels: Int32Array;
  /** The rows of the soft targets [B, numClasses], if there are any; the caller's to dispose. */
  readonly softTargets: tf.Tensor2D | undefined;
  readonly #indices: Uint32Array;

  /** @internal */
  constructor({ x, labels, softTargets, indices }: DatasetBatchContents) {
    this.x = x;
    this.labels = labels;
    this.softTargets = softTargets;
    this.#indices = indices;
  }

  /** Index in the data set of each example. */
  get indices(): Uint32Array {
    return this.#indices;
  }

  /** Disposes `x` and `softTargets`. */
  dispose(): void {
    this.x.dispose();
    this.softTargets?.dispose();
  }

  /** Disposes `x` and `softTargets` at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
