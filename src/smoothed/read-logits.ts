import * as tf from '@tensorflow/tfjs';
import type { VotingRows } from '../classifier/adapt-classifier.ts';
import { keptOf, rowsOf, typedRows } from '../classifier/ask-rows.ts';
import { assertFiniteLogits, assertLogitsShape, outputJudge } from '../classifier/check-logits.ts';
import { passOfRows } from '../classifier/row-passes.ts';
import type { LogitsFn, TypedClassifier } from '../classifier/types.ts';
import { CatrsError, ClassifierError, refusal } from '../errors.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { arraysForTensors, copyOf } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';
import type { BatchSizes } from './batch-sizes.ts';
import type { FormChoice } from './form-choice.ts';
import { copiesIn, type SampleRange, tensorCopies, typedCopies } from './noisy-copies.ts';
import type { RunLooks, SecondLook } from './run-looks.ts';

/** A base classifier as votes are taken of it. @internal */
export interface VotingClassifier extends VotingRows {
  readonly numClasses: number;
  /** What is looked at once in a run, for all calls that are given the same object. */
  readonly looksOf: (run: object) => RunLooks;
  /** How many copies it takes at once. */
  readonly batches: BatchSizes;
  /** Which form of its models votes. */
  readonly form: Pick<FormChoice, 'inferenceForm'>;
}

/** Which samples to draw around one example. @internal */
export interface SampleRequest {
  /** The public call, for error texts. */
  readonly call: string;
  readonly key: Key;
  readonly n: number;
  /** Rows of a batch, where they are given. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Calls with the same object are one run. */
  readonly run: object;
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
  /** [rows, numClasses], for {@link LogitsReader.readPass} to dispose. */
  readonly logits: tf.Tensor;
  /** Rows whose copy could not be drawn. */
  readonly failed: ReadonlySet<number>;
  /** Some of the rows, asked again; for {@link LogitsReader.readPass} to dispose. */
  readonly again: { readonly rows: readonly number[]; readonly logits: tf.Tensor } | undefined;
}

/** Makes forward passes over noisy copies and checks what the classifier returns. @internal */
export interface LogitsReader {
  /** One forward pass over all ranges, read back and checked. */
  readonly logits: (ranges: readonly SampleRange[]) => Promise<BatchLogits>;
  /** One forward pass over all ranges; undefined where the classifier is one of typed arrays. */
  readonly pass: ((ranges: readonly SampleRange[]) => Pass) | undefined;
  /** Reads a pass back, checks and disposes it. */
  readonly readPass: (pass: Pass) => Promise<BatchLogits>;
  /**
   * True once the batches read so far have shown what the outputs are, and that rows do not depend on batches of so many rows: whoever checks that
   * they are finite need not read them.
   */
  readonly isJudged: (rows: number) => boolean;
  /** Throws if a weight was given other values since the run began. {@link LogitsReader.readPass} looks at it too. */
  readonly unchanged: () => void;
}

/** A reader for one public call; calls with the same `run` are one run. @internal */
export function logitsReader(classifier: VotingClassifier, call: string, run: object): LogitsReader {
  const { typed, numClasses, output } = classifier;
  const looks = classifier.looksOf(run);
  const arrayOf = arraysForTensors();
  const judge = outputJudge(call, numClasses, output);
  let isJudged = false;
  const checked = ({ logits, failed, again }: AnsweredPass): BatchLogits => {
    looks.unchanged(call);
    assertFiniteLogits(call, logits);
    isJudged = judge(logits);
    if (again) looks.compare(call, logits, numClasses, again);
    return { logits, failed };
  };
  const pass = (ranges: readonly SampleRange[]): Pass => tensorPass(classifier, { looks, arrayOf }, call, ranges);
  const readPass = async ({ logits, failed, again }: Pass): Promise<BatchLogits> => {
    const read = (tensor: tf.Tensor): Promise<Float32Array> =>
      readBack({ call, shape: logits.shape }, () => tensor.data<'float32'>());
    try {
      const values = await read(logits);
      return checked({
        logits: values,
        failed,
        again: again && { rows: again.rows, logits: await read(again.logits) },
      });
    } finally {
      tf.dispose([logits, again?.logits ?? []]);
    }
  };
  return {
    logits: async (ranges) => {
      await looks.weights(call);
      return typed ? checked(await typedPass(typed, { numClasses, looks }, call, ranges)) : readPass(pass(ranges));
    },
    pass: typed ? undefined : pass,
    readPass,
    isJudged: (rows) => isJudged && looks.isDone(rows),
    unchanged: () => looks.unchanged(call),
  };
}

/** A pass that was read back, not checked yet. */
interface AnsweredPass extends BatchLogits {
  readonly again: SecondLook | undefined;
}

function tensorPass(
  { run, numClasses, batches, form }: VotingClassifier,
  { looks, arrayOf }: { readonly looks: RunLooks; readonly arrayOf: ReturnType<typeof arraysForTensors> },
  call: string,
  ranges: readonly SampleRange[],
): Pass {
  const failed = new Set<number>();
  const batch = copiesIn(ranges);
  let asked: readonly (readonly number[])[] = [];
  const inForm =
    (inferenceForm: boolean): LogitsFn =>
    (x, mode) =>
      run(x, { ...mode, inferenceForm });
  const ask = (copies: tf.Tensor, rows: number, { inferenceForm } = form): tf.Tensor => {
    let found: tf.Tensor;
    try {
      // A classifier may return its input, a tensor that it keeps, or one over an array that its next call fills again: while the logits
      // are being read, another run may call it.
      found = onBackend({ call, shape: copies.shape }, () =>
        batches.pass(rows, () => copyOf(passOfRows(inForm(inferenceForm), copies, looks.isFixed))),
      );
    } catch (error) {
      throw notAccepted(call, copies.shape, error);
    }
    assertLogitsShape(call, found, rows, numClasses);
    return found;
  };
  const { logits, again } = onBackend({ call, shape: [batch] }, () =>
    tf.tidy(() => {
      const copies = tensorCopies(ranges, failed, arrayOf);
      // The small first batch shows little of how rows depend on their batch.
      asked = batches.isMeasuring ? [] : looks.batchesToAsk(batch, failed);
      // Before the pass: a classifier may write into its input.
      const parts = asked.map((rows) => copyOf(tf.concat(rows.map((row) => tf.slice(copies, row, 1)))));
      const first = ask(copies, batch);
      const answers = parts.map((part, i) => ask(part, asked[i]?.length ?? 0));
      // What was found on an image of noise is seen once more on the first images of the run.
      const byModel = form.inferenceForm ? parts.slice(0, 1) : [];
      byModel.forEach((part, i) => answers.push(ask(part, asked[i]?.length ?? 0, { inferenceForm: false })));
      asked = [...asked, ...asked.slice(0, byModel.length)];
      return { logits: first, again: answers.length > 0 ? tf.concat(answers) : undefined };
    }),
  );
  return { logits, failed, again: again && { rows: asked.flat(), logits: again } };
}

async function typedPass(
  typed: TypedClassifier,
  { numClasses, looks }: { readonly numClasses: number; readonly looks: RunLooks },
  call: string,
  ranges: readonly SampleRange[],
): Promise<AnsweredPass> {
  const failed = new Set<number>();
  const { inputs, batch, shape, kept } = await typedCopies(ranges, failed);
  const ask = async (values: Float32Array<ArrayBuffer>, rows: readonly number[]): Promise<Float32Array> => {
    try {
      const shown = keptOf({ batch, kept }, rows);
      return await typedRows(call, typed, values, { batch: rows.length, shape, numClasses, ...shown });
    } catch (error) {
      throw notAccepted(call, [rows.length, ...shape], error);
    }
  };
  const asked = looks.batchesToAsk(batch, failed);
  // Before the pass: the inputs are the classifier's to change.
  const parts = asked.map((rows) => rowsOf(inputs, rows, inputs.length / batch));
  const all = Array.from({ length: batch }, (_, row) => row);
  const logits = await ask(inputs, all);
  const answers: number[] = [];
  for (const [i, part] of parts.entries()) answers.push(...(await ask(part, asked[i] ?? [])));
  const again = answers.length > 0 ? { rows: asked.flat(), logits: Float32Array.from(answers) } : undefined;
  return { logits, failed, again };
}

/** What goes wrong inside a classifier is most often the shape of the example. */
function notAccepted(call: string, shape: readonly number[], error: unknown): unknown {
  if (error instanceof CatrsError) return error;
  const way = '`x` must be one example without a batch dimension';
  const details = { call, field: 'classifier', value: error, got: String(error), way };
  const refused = refusal(ClassifierError, details, `must accept noisy copies of \`x\`, shape [${shape}]`);
  return Object.assign(refused, { cause: error });
}
