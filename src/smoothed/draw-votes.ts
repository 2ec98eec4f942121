import * as tf from '@tensorflow/tfjs';
import { assertFiniteLogits, assertLogitsShape, outputJudge } from '../classifier/check-logits.ts';
import { assertTypedRows, typedOutput } from '../classifier/typed-logits.ts';
import type { ClassifierOutput, LogitsFn, TypedClassifier } from '../classifier/types.ts';
import { CatrsError, ClassifierError } from '../errors.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import type { BatchSizes } from './batch-sizes.ts';
import type { RunLooks, SecondLook } from './run-looks.ts';
import { typedCopies } from './typed-copies.ts';

/** Who votes. @internal */
export interface Voters {
  /** The rows of which the votes are taken: logits, or probabilities as they are. */
  readonly run: LogitsFn;
  /** The classifier, where it takes typed arrays; `run` then only throws. */
  readonly typed?: TypedClassifier | undefined;
  readonly numClasses: number;
  /** What the rows are. */
  readonly output: ClassifierOutput;
  /** What is looked at once in a run, for all calls that are given the same object. */
  readonly looksOf: (run: object) => RunLooks;
  /** How many copies it takes at once. */
  readonly batches: BatchSizes;
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

/** Logits (or probabilities) of a batch, and which of its rows are void. @internal */
export interface BatchLogits {
  /** [rows · numClasses], finite. */
  readonly logits: Float32Array;
  /** Rows whose copy could not be drawn. */
  readonly failed: ReadonlySet<number>;
}

/** A forward pass whose logits have not been read back. @internal */
export interface Pass {
  /** [rows, numClasses], for {@link Drawer.read} to dispose. */
  readonly logits: tf.Tensor;
  /** Rows whose copy could not be drawn. */
  readonly failed: ReadonlySet<number>;
  /** Some of the rows, asked again; for {@link Drawer.read} to dispose. */
  readonly again?: { readonly rows: readonly number[]; readonly logits: tf.Tensor } | undefined;
}

/** Makes forward passes over stretches and checks what the classifier returns. @internal */
export interface Drawer {
  /** One forward pass over all stretches, read back and checked. */
  readonly logits: (stretches: readonly Stretch[]) => Promise<BatchLogits>;
  /** One forward pass over all stretches; undefined where the classifier is one of typed arrays. */
  readonly pass: ((stretches: readonly Stretch[]) => Pass) | undefined;
  /** Reads a pass back, checks and disposes it. */
  readonly read: (pass: Pass) => Promise<BatchLogits>;
  /**
   * True once the batches read so far have shown what the outputs are, and that rows do not depend on batches of so many rows: whoever checks that
   * they are finite need not read them.
   */
  readonly isJudged: (rows: number) => boolean;
  /** Throws if a weight was given other values since the run began. {@link Drawer.read} looks at it too. */
  readonly unchanged: () => void;
}

/** @internal */
export function drawerOf(voters: Voters, call: string, run: object): Drawer {
  const { typed, numClasses, output } = voters;
  const looks = voters.looksOf(run);
  const judge = outputJudge(call, numClasses, output);
  let isJudged = false;
  const checked = (logits: Float32Array, failed: ReadonlySet<number>): BatchLogits => {
    looks.unchanged(call);
    assertFiniteLogits(call, logits);
    isJudged = judge(logits);
    return { logits, failed };
  };
  const pass = (stretches: readonly Stretch[]): Pass => forwardPass(voters, looks, call, stretches);
  const read = async ({ logits, failed, again }: Pass): Promise<BatchLogits> => {
    try {
      const pass = { call, shape: logits.shape };
      const batch = checked(await readBack(pass, () => logits.data<'float32'>()), failed);
      if (again) {
        const { rows } = again;
        looks.compare(call, batch.logits, numClasses, {
          rows,
          logits: await readBack(pass, () => again.logits.data<'float32'>()),
        });
      }
      return batch;
    } finally {
      tf.dispose([logits, again?.logits ?? []]);
    }
  };
  return {
    logits: async (stretches) => {
      await looks.weights(call);
      if (!typed) return read(pass(stretches));
      const { logits, failed, again } = await typedForward(typed, { numClasses, looks }, call, stretches);
      const batch = checked(logits, failed);
      if (again) looks.compare(call, logits, numClasses, again);
      return batch;
    },
    pass: typed ? undefined : pass,
    read,
    isJudged: (rows) => isJudged && looks.isDone(rows),
    unchanged: () => looks.unchanged(call),
  };
}

/**
 * Makes a function from stretches to their logits, in one forward pass over all of them, that checks what the classifier returns.
 * @internal
 */
export function logitsOf(voters: Voters, call: string, run: object): Drawer['logits'] {
  return drawerOf(voters, call, run).logits;
}

function forwardPass(
  { run, numClasses, batches }: Voters,
  looks: RunLooks,
  call: string,
  stretches: readonly Stretch[],
): Pass {
  const failed = new Set<number>();
  const rows = stretches.reduce((sum, { count }) => sum + count, 0);
  let asked: readonly (readonly number[])[] = [];
  const ask = (copies: tf.Tensor, batch: number): tf.Tensor => {
    let found: tf.Tensor;
    try {
      // A classifier may return its input, a tensor that it keeps, or one over an array that its next call fills again: while the logits
      // are on their way here, another run may call it.
      found = onBackend({ call, shape: copies.shape }, () =>
        batches.pass(batch, () => copyOf(run(copies, { training: false }))),
      );
    } catch (error) {
      throw refusal(call, copies.shape, error);
    }
    assertLogitsShape(call, found, batch, numClasses);
    return found;
  };
  const passes = (): tf.Tensor[] => {
    const copies = joinCopies(stretches, failed);
    // The small first batch shows little of how rows depend on their batch.
    asked = batches.isMeasuring ? [] : looks.batchesToAsk(rows, failed);
    // Before the pass: a classifier may write into its input.
    const parts = asked.map((part) => copyOf(tf.concat(part.map((row) => tf.slice(copies, row, 1)))));
    const first = ask(copies, rows);
    return parts.length > 0 ? [first, tf.concat(parts.map((part, i) => ask(part, asked[i]?.length ?? 0)))] : [first];
  };
  const [logits, again] = onBackend({ call, shape: [rows] }, () => tf.tidy(passes)) as [tf.Tensor, tf.Tensor?];
  return { logits, failed, again: again && { rows: asked.flat(), logits: again } };
}

/** Rows of a batch, as a batch of their own. */
function rowsOf(inputs: Float32Array, rows: readonly number[], size: number): Float32Array<ArrayBuffer> {
  const part = new Float32Array(rows.length * size);
  rows.forEach((row, place) => part.set(inputs.subarray(row * size, (row + 1) * size), place * size));
  return part;
}

interface TypedPass extends BatchLogits {
  readonly again: SecondLook | undefined;
}

async function typedForward(
  typed: TypedClassifier,
  { numClasses, looks }: { readonly numClasses: number; readonly looks: RunLooks },
  call: string,
  stretches: readonly Stretch[],
): Promise<TypedPass> {
  const failed = new Set<number>();
  const { inputs, batch, shape } = await typedCopies(stretches, (row) => failed.add(row));
  const ask = async (values: Float32Array<ArrayBuffer>, rows: number): Promise<Float32Array> => {
    try {
      const output = await typedOutput(call, typed, values, { batch: rows, shape });
      assertTypedRows(call, output, rows, numClasses);
      return output;
    } catch (error) {
      throw refusal(call, [rows, ...shape], error);
    }
  };
  const asked = looks.batchesToAsk(batch, failed);
  // Before the pass: the inputs are the classifier's to change.
  const parts = asked.map((rows) => rowsOf(inputs, rows, inputs.length / batch));
  const logits = await ask(inputs, batch);
  if (asked.length === 0) return { logits, failed, again: undefined };
  const answers: number[] = [];
  for (const [i, part] of parts.entries()) answers.push(...(await ask(part, asked[i]?.length ?? 0)));
  return { logits, failed, again: { rows: asked.flat(), logits: Float32Array.from(answers) } };
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
