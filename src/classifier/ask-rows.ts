import * as tf from '@tensorflow/tfjs';
import { ClassifierError, refusal } from '../errors.ts';
import { inTurn } from '../host/turns.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { copyOf, tensorOver } from '../tensors/own-tensor.ts';
import type { VotingRows } from './adapt-classifier.ts';
import { assertLogitsShape } from './check-logits.ts';
import { passOfRows } from './row-passes.ts';
import type { TypedBatch, TypedClassifier } from './types.ts';

/** Outputs of rows of values: batch · Πshape numbers → batch · numClasses, in an array of our own. @internal */
export type AskRows = (inputs: Float32Array<ArrayBuffer>, batch: TypedBatch) => Promise<Float32Array>;

/** A classifier, and what must come out. */
interface AskedClassifier extends Pick<VotingRows, 'run' | 'typed'> {
  /** Number of classes; undefined: any of at least 2. */
  readonly numClasses: number | undefined;
  /** Whether it takes batches of one size only. */
  readonly isFixed?: boolean;
  /** Runs a forward pass over so many rows. */
  readonly around?: ((rows: number, pass: () => tf.Tensor) => tf.Tensor) | undefined;
}

/** A classifier as a function of values, in inference mode, whose outputs are checked for their number. @internal */
export function askRows(
  call: string,
  { run, typed, numClasses, isFixed = false, around = (_, pass) => pass() }: AskedClassifier,
): AskRows {
  if (typed) return (inputs, batch) => typedRows(call, typed, inputs, { ...batch, numClasses });
  return async (inputs, { batch, shape }) => {
    const pass = { call, shape: [batch, ...shape] };
    // The copy keeps a classifier that returns its input, or fills its output again; the tidy collects its leaks.
    const forward = (): tf.Tensor => copyOf(passOfRows(run, tensorOver(inputs, pass.shape, 'float32'), isFixed));
    const outputs = onBackend(pass, () => tf.tidy(() => around(batch, forward)));
    try {
      assertLogitsShape(call, outputs, batch, numClasses);
      return Float32Array.from(await readBack(pass, () => outputs.data<'float32'>()));
    } finally {
      outputs.dispose();
    }
  };
}

/**
 * The output of a classifier of typed arrays, in an array of our own.
 *
 * The classifier may use its array again in the next call, so calls stand in one line, whoever makes them, and each output is copied before
 * the next call begins.
 * @throws ClassifierError unless it has the length of `batch` rows
 * @internal
 */
export async function typedRows(
  call: string,
  classifier: TypedClassifier,
  inputs: Float32Array<ArrayBuffer>,
  { numClasses, ...batch }: TypedBatch & Pick<AskedClassifier, 'numClasses'>,
): Promise<Float32Array> {
  const values = await typedValues(call, classifier, inputs, batch);
  const columns = values.length / batch.batch;
  if (!Number.isInteger(columns)) {
    const must = `must return batch · numClasses = ${batch.batch} · ${numClasses ?? 'C'} values`;
    throw refusal(ClassifierError, { call, field: 'classifier', value: values.length }, must);
  }
  assertLogitsShape(call, { shape: [batch.batch, columns] }, batch.batch, numClasses);
  return values;
}

/** The output of a classifier of typed arrays as {@link typedRows}, of whatever length. @internal */
export async function typedValues(
  call: string,
  classifier: TypedClassifier,
  inputs: Float32Array<ArrayBuffer>,
  { batch, shape, kept }: TypedBatch,
): Promise<Float32Array> {
  return floatsInTurn(call, 'classifier', classifier, () =>
    classifier.classify(inputs, { batch, shape: [...shape], ...(kept && { kept }) }),
  );
}

/**
 * What an object of the host gives, in an array of our own, once all earlier asks of it are settled.
 *
 * @throws ClassifierError unless it is a Float32Array or a promise of one
 * @internal
 */
export async function floatsInTurn(
  call: string,
  field: string,
  object: object,
  ask: () => unknown,
): Promise<Float32Array<ArrayBuffer>> {
  const values: unknown = await inTurn(object, async () => {
    const output = ask();
    if (isFloat32Array(output)) return new Float32Array(output); // at once: it is still the output of this call
    const later = await output;
    return isFloat32Array(later) ? new Float32Array(later) : later;
  });
  if (isFloat32Array(values)) return values as Float32Array<ArrayBuffer>;
  const got = ArrayBuffer.isView(values) ? `an object (${values.constructor.name})` : undefined;
  const details = { call, field, value: values, got, way: 'convert the output to float32' };
  throw refusal(ClassifierError, details, 'must return a Float32Array or a promise of one');
}

/** Not `instanceof`: a runtime may live in another realm. */
function isFloat32Array(value: unknown): value is Float32Array {
  return Object.prototype.toString.call(value) === '[object Float32Array]';
}

/** What a batch shows of some of its rows, in a new array; for whoever asks a classifier about them. @internal */
export function keptOf(
  { batch, kept }: Pick<TypedBatch, 'batch' | 'kept'>,
  rows: readonly number[],
): Pick<TypedBatch, 'kept'> {
  if (kept === undefined) return {};
  const size = kept.length / batch;
  const part = new Uint8Array(rows.length * size);
  rows.forEach((row, place) => part.set(kept.subarray(row * size, (row + 1) * size), place * size));
  return { kept: part };
}

/** Some rows of so many numbers each, one after the other in a new array. @internal */
export function rowsOf(values: Float32Array, rows: readonly number[], size: number): Float32Array<ArrayBuffer> {
  const part = new Float32Array(rows.length * size);
  rows.forEach((row, place) => part.set(values.subarray(row * size, (row + 1) * size), place * size));
  return part;
}
