import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, showValue } from '../errors.ts';
import { safeLog } from '../tensors/cross-entropy.ts';
import type { Classifier, ClassifierOutput, GraphModelLike, LayersModelLike, LogitsFn } from './types.ts';

/** A classifier as a function to logits; `call` is the public call that was given the classifier, for error texts. @internal */
export function adaptClassifier(call: string, classifier: Classifier, output: ClassifierOutput = 'logits'): LogitsFn {
  const run = toFunction(call, classifier);
  return output === 'logits' ? run : (x, mode) => tf.tidy(() => safeLog(run(x, mode)));
}

/** Shape of one example where the classifier declares it, `null` for free sizes. @internal */
export function declaredInputShape(classifier: Classifier): readonly (number | null)[] | undefined {
  const batchShape = typeof classifier === 'function' ? undefined : classifier.inputs?.[0]?.shape;
  // A graph model writes −1 for a free size, and nothing or no axes for a free rank.
  if (!batchShape || batchShape.length === 0) return undefined;
  return batchShape.slice(1).map((size) => (size !== null && size >= 0 ? size : null));
}

/** @internal */
export function isLayersModel(classifier: unknown): classifier is LayersModelLike {
  return hasMethod(classifier, 'apply') && typeof classifier === 'object' && 'trainableWeights' in classifier;
}

function isGraphModel(classifier: unknown): classifier is GraphModelLike {
  return hasMethod(classifier, 'predict') && hasMethod(classifier, 'execute');
}

function hasMethod(value: unknown, name: string): value is object {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';
}

function toFunction(call: string, classifier: Classifier): LogitsFn {
  if (typeof classifier === 'function') return classifier;
  if (isLayersModel(classifier)) {
    return (x, { training }) => tf.tidy(() => onlyOutput(call, classifier.apply(x, { training })));
  }
  if (isGraphModel(classifier)) {
    return (x, { training }) => {
      if (training) {
        throw new ClassifierError(
          '`classifier` must be a function or a tf.LayersModel for training, got a tf.GraphModel (it can be certified, not trained)',
          { call, field: 'classifier', value: classifier },
        );
      }
      return tf.tidy(() => onlyOutput(call, classifier.predict(x)));
    };
  }
  throw new OptionError(
    `\`classifier\` must be a function to logits, a tf.LayersModel or a tf.GraphModel, got ${showValue(classifier)}`,
    { call, field: 'classifier', value: classifier },
  );
}

function onlyOutput(call: string, result: unknown): tf.Tensor {
  if (result instanceof tf.Tensor) return result as tf.Tensor;
  const outputs = Array.isArray(result) ? (result as tf.Tensor[]) : Object.values(result as tf.NamedTensorMap);
  const [only] = outputs;
  if (only !== undefined && outputs.length === 1) return only;
  throw new ClassifierError(
    `\`classifier\` must have one output, got ${outputs.length} (wrap it in a function that picks the logits)`,
    { call, field: 'classifier', value: outputs.length },
  );
}
