import * as tf from '@tensorflow/tfjs';
import { ClassifierError, showValue } from '../errors.ts';
import { inTurn } from '../host/in-turn.ts';
import { safeLog } from '../tensors/cross-entropy.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { assertLogitsShape } from './check-logits.ts';
import type { ClassifierOutput, TypedBatch, TypedClassifier } from './types.ts';

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
  const got = ArrayBuffer.isView(values) ? `an object (${values.constructor.name})` : showValue(values);
  throw new ClassifierError(
    `\`classifier\` must return a Float32Array or a promise of one, got ${got} (convert the output to float32)`,
    { call, field: 'classifier', value: values },
  );
}

/** Checks the length of an output of `batch` rows and gives its logits. @internal */
export async function typedLogits(
  call: string,
  values: Float32Array,
  batch: number,
  { numClasses, output }: { readonly numClasses?: number | undefined; readonly output: ClassifierOutput },
): Promise<Float32Array> {
  const columns = values.length / batch;
  if (!Number.isInteger(columns)) {
    throw new ClassifierError(
      `\`classifier\` must return batch · numClasses = ${batch} · ${numClasses ?? 'C'} values, got ${values.length}`,
      { call, field: 'classifier', value: values.length },
    );
  }
  assertLogitsShape(call, { shape: [batch, columns] }, batch, numClasses);
  if (output === 'logits') return values;
  // The one logarithm that tensor classifiers have, so that both give the same bits.
  const logits = tf.tidy(() => safeLog(tensorOver(values, [batch, columns], 'float32')));
  try {
    return (await logits.data()) as Float32Array;
  } finally {
    logits.dispose();
  }
}

/** Not `instanceof`: a runtime may live in another realm. */
function isFloat32Array(value: unknown): value is Float32Array {
  return Object.prototype.toString.call(value) === '[object Float32Array]';
}
