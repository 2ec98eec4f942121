import { ClassifierError, refusal } from '../errors.ts';
import { inTurn } from '../host/turns.ts';
import { assertLogitsShape } from './check-logits.ts';
import type { TypedBatch, TypedClassifier } from './types.ts';

/**
 * The output of a classifier of typed arrays, its length not yet checked, in an array of our own.
 *
 * The classifier may use its array again in the next call, so calls stand in one line, whoever makes them, and each output is copied before
 * the next call begins.
 * @internal
 */
export async function typedOutput(
  call: string,
  classifier: TypedClassifier,
  inputs: Float32Array<ArrayBuffer>,
  { batch, shape }: TypedBatch,
): Promise<Float32Array> {
  const values: unknown = await inTurn(classifier, async () => {
    const output: unknown = classifier.classify(inputs, { batch, shape: [...shape] });
    if (isFloat32Array(output)) return new Float32Array(output); // at once: it is still the output of this call
    const later = await output;
    return isFloat32Array(later) ? new Float32Array(later) : later;
  });
  if (isFloat32Array(values)) return values;
  const got = ArrayBuffer.isView(values) ? `an object (${values.constructor.name})` : undefined;
  const details = { call, field: 'classifier', value: values, got, way: 'convert the output to float32' };
  throw refusal(ClassifierError, details, 'must return a Float32Array or a promise of one');
}

/** Throws unless an output has the length of `batch` rows of logits or probabilities. @internal */
export function assertTypedRows(call: string, values: Float32Array, batch: number, numClasses?: number): void {
  const columns = values.length / batch;
  if (!Number.isInteger(columns)) {
    const must = `must return batch · numClasses = ${batch} · ${numClasses ?? 'C'} values`;
    throw refusal(ClassifierError, { call, field: 'classifier', value: values.length }, must);
  }
  assertLogitsShape(call, { shape: [batch, columns] }, batch, numClasses);
}

/** Not `instanceof`: a runtime may live in another realm. */
function isFloat32Array(value: unknown): value is Float32Array {
  return Object.prototype.toString.call(value) === '[object Float32Array]';
}
