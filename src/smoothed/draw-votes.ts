import * as tf from '@tensorflow/tfjs';
import { assertFiniteLogits, assertLogitsShape, outputJudge } from '../classifier/check-logits.ts';
import type { ClassifierOutput, LogitsFn } from '../classifier/types.ts';
import { CatrsError, ClassifierError } from '../errors.ts';

/** Who votes. @internal */
export interface Voters {
  readonly run: LogitsFn;
  readonly numClasses: number;
  readonly output: ClassifierOutput;
}

/** Noisy copies of one example, a part of a batch. @internal */
export interface Stretch {
  /** Number of copies. */
  readonly count: number;
  /** Makes the copies, [count, ...inputShape], inside a tidy; says which could not be drawn, by their index in the stretch. */
  readonly copies: (onFailure: (copy: number) => void) => tf.Tensor;
}

/** Logits of a batch, and which of its rows are void. @internal */
export interface BatchLogits {
  /** [rows · numClasses], finite. */
  readonly logits: Float32Array;
  /** Rows whose copy could not be drawn. */
  readonly failed: ReadonlySet<number>;
}

/** The vote of a copy that could not be drawn. */
const NO_VOTE = -1;

/**
 * Makes a function from stretches to their logits, in one forward pass over all of them, that checks what the classifier returns.
 * @internal
 */
export function logitsOf(voters: Voters, call: string): (stretches: readonly Stretch[]) => Promise<BatchLogits> {
  const judge = outputJudge(call, voters.numClasses, voters.output);
  return async (stretches) => {
    const failed = new Set<number>();
    const logits = tf.tidy(() => {
      const copies = joinCopies(stretches, failed);
      // A classifier may return its input or a tensor that it keeps; only the clone is ours to dispose.
      return tf.clone(runOn(voters.run, copies, call));
    });
    try {
      const rows = stretches.reduce((sum, { count }) => sum + count, 0);
      assertLogitsShape(call, logits, rows, voters.numClasses);
      const values = (await logits.data()) as Float32Array;
      assertFiniteLogits(call, values);
      judge(values);
      return { logits: values, failed };
    } finally {
      logits.dispose();
    }
  };
}

/** Hard votes: for each row the class of its largest logit, the lowest index among equals, or {@link NO_VOTE}. @internal */
export function votesOf({ logits, failed }: BatchLogits, numClasses: number): Int32Array {
  const votes = new Int32Array(logits.length / numClasses);
  for (let row = 0; row < votes.length; row++) {
    votes[row] = failed.has(row) ? NO_VOTE : argMax(logits, row * numClasses, numClasses);
  }
  return votes;
}

function joinCopies(stretches: readonly Stretch[], failed: Set<number>): tf.Tensor {
  let row = 0;
  const parts = stretches.map(({ count, copies }) => {
    const begin = row;
    row += count;
    return copies((copy) => failed.add(begin + copy));
  });
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : tf.concat(parts);
}

/** Runs the classifier; what goes wrong inside it is most often the shape of the example. */
function runOn(run: LogitsFn, copies: tf.Tensor, call: string): tf.Tensor {
  try {
    return run(copies, { training: false });
  } catch (error) {
    if (error instanceof CatrsError) throw error;
    const wrapped = new ClassifierError(
      `\`classifier\` must accept noisy copies of \`x\`, shape [${copies.shape}], got ${String(error)}` +
        ' (`x` must be one example without a batch dimension)',
      { call, field: 'classifier', value: error },
    );
    wrapped.cause = error;
    throw wrapped;
  }
}

/** Index of the largest of `length` values from `begin`; the lowest index among equals. */
function argMax(values: Float32Array, begin: number, length: number): number {
  let best = 0;
  for (let c = 1; c < length; c++) {
    if ((values[begin + c] as number) > (values[begin + best] as number)) best = c;
  }
  return best;
}
