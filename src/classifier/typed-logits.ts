import * as tf from '@tensorflow/tfjs';
import { ClassifierError, showValue } from '../errors.ts';
import { safeLog } from '../tensors/cross-entropy.ts';
import { assertLogitsShape } from './check-logits.ts';
import type { ClassifierOutput, TypedBatch, TypedClassifier } from './types.ts';

/** The output of a classifier of typed arrays, its length not yet checked. @internal */
export async function typedOutput(
  call: string,
  classifier: TypedClassifier,
  inputs: Float32Array<ArrayBuffer>,
  batch: TypedBatch,
): Promise<Float32Array> {
  const values: unknown = await classifier.classify(inputs, batch);
  // Not `instanceof`: a runtime may live in another realm.
  if (Object.prototype.toString.call(values) === '[object Float32Array]') return values as Float32Array;
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
  const logits = tf.tidy(() => safeLog(tf.tensor(values, [batch, columns], 'float32')));
  try {
    return (await logits.data()) as Float32Array;
  } finally {
    logits.dispose();
  }
}
