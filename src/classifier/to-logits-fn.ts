import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, showValue } from '../errors.ts';
import { safeLog } from '../tensors/cross-entropy.ts';
import type { Classifier, ClassifierOutput, GraphModelLike, LayersModelLike, LogitsFn } from './types.ts';

/** Options of {@link toLogitsFn}. */
export interface ToLogitsFnOptions {
  /**
   * What the classifier returns. Probabilities are turned into logits by ln p.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput;
}

const CALL = 'toLogitsFn';

/**
 * Adapts a classifier to the one form that catrs uses, {@link LogitsFn}.
 *
 * With `output: 'probabilities'` the logits are ln p (p is held above the smallest float32), so softmax gives p back. The
 * function made here can be given wherever a classifier is expected.
 *
 * @throws OptionError if the classifier is none of the known kinds or `output` is unknown.
 * @throws ClassifierError (from the function) if a graph model is run in training mode or a model has several outputs.
 * @example
 * ```ts
 * const f = toLogitsFn(modelThatEndsInSoftmax, { output: 'probabilities' });
 * ```
 */
export function toLogitsFn(classifier: Classifier, options: ToLogitsFnOptions = {}): LogitsFn {
  const { output = 'logits' } = options;
  if (output !== 'logits' && output !== 'probabilities') {
    throw new OptionError(`\`output\` must be 'logits' or 'probabilities', got ${showValue(output)}`, {
      call: CALL,
      field: 'output',
      value: output,
    });
  }
  const run = toFunction(classifier);
  return output === 'logits' ? run : (x, mode) => tf.tidy(() => safeLog(run(x, mode)));
}

/** The weights of a model that training changes, as the variable list for `optimizer.minimize`. */
export function trainableVariables(model: LayersModelLike): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

/** Shape of one example where the classifier declares it, `null` for free sizes. @internal */
export function declaredInputShape(classifier: Classifier): readonly (number | null)[] | undefined {
  return isLayersModel(classifier) ? classifier.inputs[0]?.shape.slice(1) : undefined;
}

function toFunction(classifier: Classifier): LogitsFn {
  if (typeof classifier === 'function') return classifier;
  if (isLayersModel(classifier)) {
    return (x, { training }) => tf.tidy(() => onlyOutput(classifier.apply(x, { training })));
  }
  if (isGraphModel(classifier)) {
    return (x, { training }) => {
      if (training) {
        throw new ClassifierError('`training` must be false for a graph model (it can be certified, not trained)', {
          call: CALL,
          field: 'training',
          value: training,
        });
      }
      return tf.tidy(() => onlyOutput(classifier.predict(x)));
    };
  }
  throw new OptionError(
    `\`classifier\` must be a function to logits, a tf.LayersModel or a tf.GraphModel, got ${showValue(classifier)}`,
    { call: CALL, field: 'classifier', value: classifier },
  );
}

function isLayersModel(classifier: unknown): classifier is LayersModelLike {
  return hasMethod(classifier, 'apply') && typeof classifier === 'object' && 'trainableWeights' in classifier;
}

function isGraphModel(classifier: unknown): classifier is GraphModelLike {
  return hasMethod(classifier, 'predict') && hasMethod(classifier, 'execute');
}

function hasMethod(value: unknown, name: string): value is object {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';
}

function onlyOutput(result: unknown): tf.Tensor {
  if (result instanceof tf.Tensor) return result;
  const outputs = Array.isArray(result) ? (result as tf.Tensor[]) : Object.values(result as tf.NamedTensorMap);
  const [only] = outputs;
  if (only !== undefined && outputs.length === 1) return only;
  throw new ClassifierError(
    `\`classifier\` must have one output, got ${outputs.length} (wrap it in a function that picks the logits)`,
    { call: CALL, field: 'classifier', value: outputs.length },
  );
}
