import * as tf from '@tensorflow/tfjs';
import type { VotingRows } from '../classifier/adapt-classifier.ts';
import { keptOf, rowsOf, typedValues } from '../classifier/ask-rows.ts';
import { passOfRows } from '../classifier/row-passes.ts';
import type { LogitsFn, TypedClassifier } from '../classifier/types.ts';
import { CatrsError, ClassifierError, refusal } from '../errors.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { arraysForTensors, copyOf } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';
import type { BatchSizes } from './batch-sizes.ts';
import type { FormChoice } from './form-choice.ts';
import { copiesIn, type SampleRange, tensorCopies, typedCopies } from './noisy-copies.ts';
import type { RowLayout } from './row-layout.ts';
import type { RunLooks, SecondLook } from './run-looks.ts';

/** A model whose output is read row by row. @internal */
export interface RowSource extends Pick<VotingRows, 'run' | 'typed'> {
  /** What the rows are. */
  readonly layout: RowLayout;
  /** What is looked at once in a run, for all calls that are given the same object. */
  readonly looksOf: (run: object) => RunLooks;
  /** How many copies it takes at once. */
  readonly batches: BatchSizes;
  /** Which form of its models is asked. */
  readonly form: Pick<FormChoice, 'inferenceForm'>;
}

/** A base classifier as votes are taken of it. @internal */
export interface VotingClassifier extends RowSource, VotingRows {
  readonly numClasses: number;
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

/** Output of a batch, and which of its rows are void. @internal */
export interface BatchRows {
  /** rows · size numbers, checked. */
  readonly values: Float32Array;
  /** Rows whose copy could not be drawn. */
  readonly failed: ReadonlySet<number>;
}

/** A forward pass whose output has not been read back. @internal */
export interface Pass {
  /** [rows, ...], for {@link RowsReader.readPass} to dispose. */
  readonly output: tf.Tensor;
  /** Rows whose copy could not be drawn. */
  readonly failed: ReadonlySet<number>;
  /** Some of the rows, asked again; for {@link RowsReader.readPass} to dispose. */
  readonly again: { readonly rows: readonly number[]; readonly output: tf.Tensor } | undefined;
}

/** Makes forward passes over noisy copies and checks what the model returns. @internal */
export interface RowsReader {
  /** One forward pass over all ranges, read back and checked. */
  readonly rows: (ranges: readonly SampleRange[]) => Promise<BatchRows>;
  /** One forward pass over all ranges; undefined where the model is one of typed arrays. */
  readonly pass: ((ranges: readonly SampleRange[]) => Pass) | undefined;
  /** Reads a pass back, checks and disposes it. */
  readonly readPass: (pass: Pass) => Promise<BatchRows>;
  /**
   * One forward pass over all ranges of which only that stays which `reduce` makes of the output, in a tidy: for outputs that are too large to be read
   * back. The tensors are the caller's. Rows that are asked again are compared; whether the numbers are finite is for `reduce` to find out. Undefined
   * where the model is one of typed arrays.
   */
  readonly reduced:
    | (<T extends tf.TensorContainerObject>(
        ranges: readonly SampleRange[],
        reduce: (output: tf.Tensor, failed: ReadonlySet<number>) => T,
      ) => Promise<T>)
    | undefined;
  /**
   * True once the batches read so far have shown what the outputs are, and that rows do not depend on batches of so many rows: whoever checks that
   * they are finite need not read them.
   */
  readonly isJudged: (rows: number) => boolean;
  /** Throws if a weight was given other values since the run began. {@link RowsReader.readPass} looks at it too. */
  readonly unchanged: () => void;
}

/** A reader for one public call; calls with the same `run` are one run. @internal */
export function rowsReader(source: RowSource, call: string, run: object): RowsReader {
  const { typed, layout } = source;
  const looks = source.looksOf(run);
  const arrayOf = arraysForTensors();
  const judge = layout.judge(call);
  let isJudged = false;
  const checked = ({ values, failed, again }: AnsweredPass): BatchRows => {
    looks.unchanged(call);
    isJudged = judge(values);
    if (again) looks.compare(call, values, layout, again);
    return { values, failed };
  };
  const pass = (ranges: readonly SampleRange[]): Pass => {
    const { kept, failed, again } = tensorPass(source, { looks, arrayOf }, call, ranges, {
      take: copyOf,
      reduce: only,
      shows: false,
    });
    return { output: kept.output, failed, again };
  };
  const reading =
    (shape: readonly number[]) =>
    (tensor: tf.Tensor): Promise<Float32Array> =>
      readBack({ call, shape }, () => tensor.data<'float32'>());
  const readPass = async ({ output, failed, again }: Pass): Promise<BatchRows> => {
    const read = reading(output.shape);
    try {
      const values = await read(output);
      return checked({
        values,
        failed,
        again: again && { rows: again.rows, values: await read(again.output) },
      });
    } finally {
      tf.dispose([output, again?.output ?? []]);
    }
  };
  const reduced = async <T extends tf.TensorContainerObject>(
    ranges: readonly SampleRange[],
    reduce: (output: tf.Tensor, failed: ReadonlySet<number>) => T,
  ): Promise<T> => {
    await looks.weights(call);
    const take = (output: tf.Tensor): tf.Tensor => output;
    const found = tensorPass(source, { looks, arrayOf }, call, ranges, { take, reduce, shows: true });
    const { kept, again, shown } = found;
    const read = reading([copiesIn(ranges)]);
    try {
      looks.unchanged(call);
      if (again && shown) {
        const first = await read(shown);
        const values = await read(again.output);
        looks.compareRows(call, { batch: copiesIn(ranges), first }, layout, { rows: again.rows, values });
      }
      return kept;
    } catch (error) {
      tf.dispose(kept);
      throw error;
    } finally {
      tf.dispose([again?.output ?? [], shown ?? []]);
    }
  };
  return {
    reduced: typed ? undefined : reduced,
    rows: async (ranges) => {
      await looks.weights(call);
      return typed ? checked(await typedPass(typed, { layout, looks }, call, ranges)) : readPass(pass(ranges));
    },
    pass: typed ? undefined : pass,
    readPass,
    isJudged: (rows) => isJudged && looks.isDone(rows),
    unchanged: () => looks.unchanged(call),
  };
}

/** A pass that was read back, not checked yet. */
interface AnsweredPass extends BatchRows {
  readonly again: SecondLook | undefined;
}

const only = (output: tf.Tensor): { output: tf.Tensor } => ({ output });

/** What becomes of an output. */
interface Keeping<T extends tf.TensorContainerObject> {
  /** An output as it is kept until it is compared and reduced. */
  readonly take: (output: tf.Tensor) => tf.Tensor;
  readonly reduce: (output: tf.Tensor, failed: ReadonlySet<number>) => T;
  /** Whether the rows that are asked again are wanted as they came out first. */
  readonly shows: boolean;
}

/** A forward pass with what was kept of it. */
interface KeptPass<T> extends Omit<Pass, 'output'> {
  readonly kept: T;
  /** The rows that were asked again, as they came out in their batch. */
  readonly shown: tf.Tensor | undefined;
}

function tensorPass<T extends tf.TensorContainerObject>(
  { run, layout, batches, form }: RowSource,
  { looks, arrayOf }: { readonly looks: RunLooks; readonly arrayOf: ReturnType<typeof arraysForTensors> },
  call: string,
  ranges: readonly SampleRange[],
  { take, reduce, shows }: Keeping<T>,
): KeptPass<T> {
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
      // A classifier may return its input, a tensor that it keeps, or one over an array that its next call fills again: while the output
      // is being read, another run may call it.
      found = onBackend({ call, shape: copies.shape }, () =>
        batches.pass(rows, () => take(passOfRows(inForm(inferenceForm), copies, looks.isFixed))),
      );
    } catch (error) {
      throw notAccepted(call, copies.shape, error);
    }
    layout.assertShape(call, found.shape, rows);
    return found;
  };
  const { kept, again, shown } = onBackend({ call, shape: [batch] }, () =>
    tf.tidy(() => {
      const copies = tensorCopies(ranges, failed, arrayOf);
      // The small first batch shows little of how rows depend on their batch.
      asked = batches.isMeasuring ? [] : looks.batchesToAsk(batch, failed);
      // Before the pass: a classifier may write into its input.
      const parts = asked.map((rows) => rowsAt(copies, rows));
      const first = ask(copies, batch);
      // Before the next pass, for the same reason.
      const result = reduce(first, failed);
      const before = shows && asked.length > 0 ? rowsAt(first, asked.flat()) : undefined;
      const answers = parts.map((part, i) => copyOf(ask(part, asked[i]?.length ?? 0)));
      // What was found on an image of noise is seen once more on the first images of the run.
      const byModel = form.inferenceForm ? parts.slice(0, 1) : [];
      byModel.forEach((part, i) => answers.push(copyOf(ask(part, asked[i]?.length ?? 0, { inferenceForm: false }))));
      const more = asked.slice(0, byModel.length);
      const place = byModel.length > 0 ? (asked[0]?.length ?? 0) : 0;
      asked = [...asked, ...more];
      const all = before && place > 0 ? tf.concat([before, tf.slice(before, 0, place)]) : before;
      return { kept: result, again: answers.length > 0 ? tf.concat(answers) : undefined, shown: all };
    }),
  );
  return { kept, failed, again: again && { rows: asked.flat(), output: again }, shown };
}

/** Copies of some rows of a tensor. */
function rowsAt(tensor: tf.Tensor, rows: readonly number[]): tf.Tensor {
  return copyOf(tf.concat(rows.map((row) => tf.slice(tensor, row, 1))));
}

async function typedPass(
  typed: TypedClassifier,
  { layout, looks }: { readonly layout: RowLayout; readonly looks: RunLooks },
  call: string,
  ranges: readonly SampleRange[],
): Promise<AnsweredPass> {
  const failed = new Set<number>();
  const { inputs, batch, shape, kept } = await typedCopies(ranges, failed);
  const ask = async (values: Float32Array<ArrayBuffer>, rows: readonly number[]): Promise<Float32Array> => {
    try {
      const shown = keptOf({ batch, kept }, rows);
      const output = await typedValues(call, typed, values, { batch: rows.length, shape, ...shown });
      const size = output.length / rows.length;
      if (!Number.isInteger(size)) throw notWhole(call, output.length, `${rows.length} · ${layout.size}`, layout);
      layout.assertShape(call, [rows.length, size], rows.length);
      return output;
    } catch (error) {
      throw notAccepted(call, [rows.length, ...shape], error);
    }
  };
  const asked = looks.batchesToAsk(batch, failed);
  // Before the pass: the inputs are the classifier's to change.
  const parts = asked.map((rows) => rowsOf(inputs, rows, inputs.length / batch));
  const all = Array.from({ length: batch }, (_, row) => row);
  const values = await ask(inputs, all);
  const again = new Float32Array(asked.flat().length * layout.size);
  let filled = 0;
  for (const [i, part] of parts.entries()) {
    const answer = await ask(part, asked[i] ?? []);
    again.set(answer, filled);
    filled += answer.length;
  }
  return { values, failed, again: parts.length > 0 ? { rows: asked.flat(), values: again } : undefined };
}

function notWhole(call: string, length: number, wanted: string, { name }: RowLayout): ClassifierError {
  const must = `must return batch · ${name} = ${wanted} values`;
  return refusal(ClassifierError, { call, field: 'classifier', value: length }, must);
}

/** What goes wrong inside a classifier is most often the shape of the example. */
function notAccepted(call: string, shape: readonly number[], error: unknown): unknown {
  if (error instanceof CatrsError) return error;
  const way = '`x` must be one example without a batch dimension';
  const details = { call, field: 'classifier', value: error, got: String(error), way };
  const refused = refusal(ClassifierError, details, `must accept noisy copies of \`x\`, shape [${shape}]`);
  return Object.assign(refused, { cause: error });
}
