import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { safeLog } from '../tensors/cross-entropy.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { adaptClassifier, isLayersModel, isTypedClassifier } from './adapt-classifier.ts';
import { typedRows } from './ask-rows.ts';
import type { TypedOutputsFn } from './origin.ts';
import { typedClassifierOf, valuesOf } from './typed-outputs.ts';
import type {
  Classifier,
  ClassifierOutput,
  LayersModelLike,
  LogitsFn,
  TensorClassifier,
  TypedClassifier,
} from './types.ts';

/** Options of {@link toLogitsFn}. */
export interface ToLogitsFnOptions {
  /**
   * What the classifier returns. Probabilities are turned into logits by ln p.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput | undefined;
}

const toLogitsFnOptions = optionsOf<ToLogitsFnOptions>()({ output: fields.withDefault(fields.output, 'logits') });

const CALL = 'toLogitsFn';

/**
 * Adapts a classifier to the one form that catrs uses: a {@link LogitsFn}, or a {@link TypedClassifier} of logits.
 *
 * With `output: 'probabilities'` the logits are ln p (p is held above the smallest float32), so softmax gives p back. The
 * function made here can be given wherever a classifier is expected.
 *
 * @throws OptionError if the classifier is none of the known kinds, or an option is unknown or wrong.
 * @throws ClassifierError (from the function) if a graph model is run in training mode or a model has several outputs.
 * @example
 * ```ts
 * const f = toLogitsFn(modelThatEndsInSoftmax, { output: 'probabilities' });
 * ```
 */
export function toLogitsFn(classifier: TypedClassifier, options?: ToLogitsFnOptions): TypedClassifier;
/** Adapts a classifier of tensors. */
export function toLogitsFn(classifier: TensorClassifier, options?: ToLogitsFnOptions): LogitsFn;
/** Adapts a classifier of either kind. */
export function toLogitsFn(classifier: Classifier, options?: ToLogitsFnOptions): LogitsFn | TypedClassifier;
export function toLogitsFn(classifier: Classifier, options: ToLogitsFnOptions = {}): LogitsFn | TypedClassifier {
  const { output } = toLogitsFnOptions.parse(CALL, options);
  if (!isTypedClassifier(classifier)) return adaptClassifier(CALL, classifier, output);
  return output === 'logits' ? classifier : typedLogarithms(classifier);
}

/** ln p of the probabilities of a classifier of typed arrays. */
function typedLogarithms(classifier: TypedClassifier): TypedClassifier {
  const { inputShape, numClasses, inputRange } = classifier;
  const outputs: TypedOutputsFn = async (inputs, batch) => {
    const probabilities = await typedRows(CALL, classifier, inputs, { ...batch, numClasses: undefined });
    const pass = { call: CALL, shape: [batch.batch, ...batch.shape] };
    const [logits] = await valuesOf(pass, () => [
      safeLog(tensorOver(probabilities, [probabilities.length], 'float32')),
    ]);
    return { logits: logits as Float32Array, probabilities };
  };
  return typedClassifierOf(outputs, {
    parts: [classifier],
    hasProbabilities: true,
    inputShape,
    numClasses,
    inputRange,
  });
}

/**
 * The weights of a model that training changes, as the variable list for `optimizer.minimize`.
 *
 * @throws OptionError if the model is no tf.LayersModel.
 */
export function trainableVariables(model: LayersModelLike): tf.Variable[] {
  if (!isLayersModel(model)) {
    const way = 'of a function, list the variables yourself';
    const details = { call: 'trainableVariables', field: 'model', value: model, way };
    throw refusal(OptionError, details, 'must be a tf.LayersModel');
  }
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}
