import * as tf from '@tensorflow/tfjs';
import { assertFiniteLogits, assertLogitsShape, outputJudge } from '../classifier/check-logits.ts';
import { typedLogits, typedOutput } from '../classifier/typed-logits.ts';
import type { ClassifierOutput, LogitsFn, TypedClassifier } from '../classifier/types.ts';
import { CatrsError, ClassifierError } from '../errors.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import { typedCopies } from './typed-copies.ts';

/** Who votes. @internal */
export interface Voters {
  readonly run: LogitsFn;
  /** The classifier, where it takes typed arrays; `run` then only throws. */
  readonly typed?: TypedClassifier | undefined;
  readonly numClasses: number;
  readonly output: ClassifierOutput;
}

/** Noisy copies of one example, a part of a batch. @internal */
export interface Stretch {
  /** Number of copies. */
  readonly count: number;
  /** Makes the copies, [count, ...inputShape], inside a tidy; says which could not be drawn, by their index in the stretch. */
  readonly copies: (onFailure: (copy: number) => void) => tf.Tensor;
  /** The same copies without tensors, where the noise can make them. */
  readonly direct?: DirectCopies;
}

/** Noisy copies without tensors. @internal */
export interface DirectCopies {
  /** Shape of one copy. */
  readonly shape: readonly number[];
  /** Makes the copies, row after row in a new array. */
  readonly values: () => Promise<Float32Array<ArrayBuffer>>;
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

/** A forward pass whose logits have not been read back. @internal */
export interface Pass {
  /** [rows, numClasses], for {@link Drawer.read} to dispose. */
  readonly logits: tf.Tensor;
  /** Rows whose copy could not be drawn. */
  readonly failed: ReadonlySet<number>;
}

/** Makes forward passes over stretches and checks what the classifier returns. @internal */
export interface Drawer {
  /** One forward pass over all stretches, read back and checked. */
  readonly logits: (stretches: readonly Stretch[]) => Promise<BatchLogits>;
  /** One forward pass over all stretches; undefined where the classifier is one of typed arrays. */
  readonly pass: ((stretches: readonly Stretch[]) => Pass) | undefined;
  /** Reads a pass back, checks and disposes it. */
  readonly read: (pass: Pass) => Promise<BatchLogits>;
  /** True once the batches read so far have shown what the outputs are: whoever checks that they are finite need not read them. */
  readonly isJudged: () => boolean;
}

/** @internal */
export function drawerOf(voters: Voters, call: string): Drawer {
  const { typed, run, numClasses, output } = voters;
  const judge = outputJudge(call, numClasses, output);
  let isJudged = false;
  const checked = (logits: Float32Array, failed: ReadonlySet<number>): BatchLogits => {
    assertFiniteLogits(call, logits);
    isJudged = judge(logits);
    return { logits, failed };
  };
  const pass = (stretches: readonly Stretch[]): Pass => forwardPass(run, numClasses, call, stretches);
  const read = async ({ logits, failed }: Pass): Promise<BatchLogits> => {
    try {
      const values = await readBack({ call, shape: logits.shape }, () => logits.data<'float32'>());
      return checked(values, failed);
    } finally {
      logits.dispose();
    }
  };
  const forward = typed && typedForward(typed, voters, call);
  return {
    logits: async (stretches) => {
      if (!forward) return read(pass(stretches));
      const failed = new Set<number>();
      return checked(await forward(stretches, failed), failed);
    },
    pass: typed ? undefined : pass,
    read,
    isJudged: () => isJudged,
  };
}

/**
 * Makes a function from stretches to their logits, in one forward pass over all of them, that checks what the classifier returns.
 * @internal
 */
export function logitsOf(voters: Voters, call: string): Drawer['logits'] {
  return drawerOf(voters, call).logits;
}

type Forward = (stretches: readonly Stretch[], failed: Set<number>) => Promise<Float32Array>;

function forwardPass(run: LogitsFn, numClasses: number, call: string, stretches: readonly Stretch[]): Pass {
  const failed = new Set<number>();
  const rows = stretches.reduce((sum, { count }) => sum + count, 0);
  const onCopies = (copies: tf.Tensor): tf.Tensor => {
    try {
      // A classifier may return its input, a tensor that it keeps, or one over an array that its next call fills again: while the logits
      // are on their way here, another run may call it.
      return onBackend({ call, shape: copies.shape }, () => copyOf(run(copies, { training: false })));
    } catch (error) {
      throw refusal(call, copies.shape, error);
    }
  };
  const logits = onBackend({ call, shape: [rows] }, () => tf.tidy(() => onCopies(joinCopies(stretches, failed))));
  try {
    assertLogitsShape(call, logits, rows, numClasses);
  } catch (error) {
    logits.dispose();
    throw error;
  }
  return { logits, failed };
}

function typedForward(typed: TypedClassifier, voters: Voters, call: string): Forward {
  return async (stretches, failed) => {
    const { inputs, batch, shape } = await typedCopies(stretches, (row) => failed.add(row));
    let values: Float32Array;
    try {
      values = await typedOutput(call, typed, inputs, { batch, shape });
    } catch (error) {
      throw refusal(call, [batch, ...shape], error);
    }
    return typedLogits(call, values, batch, voters);
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
    const part = copies((copy) => failed.add(begin + copy));
    // A noise of the host may have filled the array of its last copies again.
    return stretches.length === 1 ? part : copyOf(part);
  });
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : tf.concat(parts);
}

/** What goes wrong inside a classifier is most often the shape of the example. */
function refusal(call: string, shape: readonly number[], error: unknown): unknown {
  if (error instanceof CatrsError) return error;
  const wrapped = new ClassifierError(
    `\`classifier\` must accept noisy copies of \`x\`, shape [${shape}], got ${String(error)}` +
      ' (`x` must be one example without a batch dimension)',
    { call, field: 'classifier', value: error },
  );
  wrapped.cause = error;
  return wrapped;
}

/** Index of the largest of `length` values from `begin`; the lowest index among equals. */
function argMax(values: Float32Array, begin: number, length: number): number {
  let best = 0;
  for (let c = 1; c < length; c++) {
    if ((values[begin + c] as number) > (values[begin + best] as number)) best = c;
  }
  return best;
}
