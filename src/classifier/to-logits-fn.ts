import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { adaptClassifier, isLayersModel } from './adapt-classifier.ts';
import type { Classifier, ClassifierOutput, LayersModelLike, LogitsFn } from './types.ts';

/** Options of {@link toLogitsFn}. */
export interface ToLogitsFnOptions {
  /**
   * What the classifier returns. Probabilities are turned into logits by ln p.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput | undefined;
}

const toLogitsFnOptions = optionsOf<ToLogitsFnOptions>()({ output: fields.withDefault(fields.output, 'logits') });

/**
 * Adapts a classifier to the one form that catrs uses, {@link LogitsFn}.
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
export function toLogitsFn(classifier: Classifier, options: ToLogitsFnOptions = {}): LogitsFn {
  const { output } = toLogitsFnOptions.parse('toLogitsFn', options);
  return adaptClassifier('toLogitsFn', classifier, output);
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
