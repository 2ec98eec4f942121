import type * as tf from '@tensorflow/tfjs';

/**
 * What a loss keeps between `prepare` and `value`: tensors of its own.
 *
 * Dispose it after the step (`using` does it at the end of the block).
 */
export interface Prepared {
  /** Frees the tensors. */
  dispose(): void;
  /** Frees the tensors at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** The two-phase form of every training objective: `prepare` outside the gradient tape, `value` inside. */
export interface TrainingLoss<Batch, P extends Prepared> {
  /** Draws the noise and runs the attack. The tensors of the batch are copied, not disposed. Throws inside a tape. */
  prepare(batch: Batch): P;
  /** The loss of a prepared batch, a scalar owned by the caller; the tape of `optimizer.minimize` sees only this. */
  value(prepared: P): tf.Scalar;
}
