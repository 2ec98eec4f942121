import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { LEAST_PROBABILITY, safeLog } from '../tensors/cross-entropy.ts';
import { floatsInTurn } from './ask-rows.ts';
import { adaptModel, isLayersModel, isTypedClassifier } from './adapt-classifier.ts';
import { declaredInputShape } from './declared-shapes.ts';
import { logarithmsOf, originOf, type ProbabilityFn, type TypedOutputsFn, withOrigin } from './origin.ts';
import { typedClassifierOf } from './typed-outputs.ts';
import type {
  Classifier,
  ClassifierOutput,
  ClassifyOptions,
  GraphModelLike,
  LayersModelLike,
  LogitsFn,
  TypedClassifier,
} from './types.ts';

/** Options of {@link binary}. */
export interface BinaryOptions {
  /** What the unit is: the probability of class 1, `'probabilities'` (a sigmoid at the end), or its logit z, `'logits'`. */
  readonly output: ClassifierOutput;
}

const binaryOptions = optionsOf<BinaryOptions>()({ output: fields.output });

const CALL = 'binary';

/**
 * Makes two classes of a classifier with one unit, as binary classifiers of Keras have it: class 1 with probability p, class 0 with 1 − p.
 *
 * Of a probability the logits are [ln(1 − p), ln p], and votes are taken of [1 − p, p] in float32: p = 1/2 votes for class 0, as every tie does for the
 * lowest index. Of a logit z they are [0, z]. So softmax gives p back, and losses and attacks have the gradient of the binary cross entropy.
 *
 * @param classifier - x [batch, ...inputShape] → [batch, 1]; typed arrays to typed arrays, one number a row, remain so
 * @returns a function to logits [batch, 2], or a classifier of typed arrays for such a one, whose logits of p are [0, ln p − ln(1 − p)]; never declare
 * `output: 'probabilities'` of it again
 * @throws OptionError if the classifier is none of the known kinds, an option is wrong, or `output: 'logits'` is said of a layers model that ends in a sigmoid
 * @throws ClassifierError (from the function) if the classifier has more than one unit
 * @example
 * ```ts
 * const unit = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1, activation: 'sigmoid' })] });
 * const g = new SmoothedClassifier(binary(unit, { output: 'probabilities' }), { noise });
 * ```
 */
export function binary(classifier: TypedClassifier, options: BinaryOptions): TypedClassifier;
export function binary(classifier: LogitsFn | LayersModelLike | GraphModelLike, options: BinaryOptions): LogitsFn;
export function binary(classifier: Classifier, options: BinaryOptions): LogitsFn | TypedClassifier;
export function binary(classifier: Classifier, options: BinaryOptions): LogitsFn | TypedClassifier {
  const { output } = binaryOptions.parse(CALL, options);
  if (output === 'logits' && endsInSigmoid(classifier)) {
    const details = { call: CALL, field: 'output', value: output };
    throw refusal(OptionError, details, "must be 'probabilities' for a model that ends in a sigmoid");
  }
  const inputShape = declaredInputShape(classifier);
  if (isTypedClassifier(classifier)) {
    const outputs: TypedOutputsFn = async (inputs, { batch, shape }) => {
      const values = await floatsInTurn(CALL, 'classifier', classifier, () =>
        classifier.classify(inputs, { batch, shape: [...shape] }),
      );
      if (values.length !== batch) throw notOne([batch, values.length / batch]);
      return { logits: twoLogits(values, output), probabilities: output === 'logits' ? undefined : twoShares(values) };
    };
    const hasProbabilities = output === 'probabilities';
    const { inputRange, engine } = classifier;
    return typedClassifierOf(outputs, { parts: [], hasProbabilities, inputShape, numClasses: 2, inputRange, engine });
  }
  const model = adaptModel(CALL, classifier, { field: 'classifier', result: 'logits' });
  const run = (x: tf.Tensor, mode: ClassifyOptions): tf.Tensor => oneUnit(model(x, mode), x.shape[0] ?? 0);
  const known = { inputShape, numClasses: 2 };
  if (output === 'logits') {
    const logits: LogitsFn = (x, mode) =>
      tf.tidy(() => {
        const z = run(x, mode);
        return tf.concat([tf.zerosLike(z), z], 1);
      });
    return withOrigin(logits, { ...known, parts: [classifier] });
  }
  const outputs: ProbabilityFn = (x, mode) => {
    const p = run(x, mode);
    const probabilities = tf.concat([tf.sub(1, p), p], 1);
    return { probabilities, logits: () => safeLog(probabilities) };
  };
  return logarithmsOf(outputs, [classifier], known);
}

/** The output of one unit as a column. */
function oneUnit(z: tf.Tensor, batch: number): tf.Tensor {
  if (z.size !== batch || z.shape[0] !== batch || z.rank > 2) throw notOne(z.shape);
  return tf.reshape(z, [batch, 1]);
}

function notOne(shape: readonly number[]): ClassifierError {
  const details = { call: CALL, field: 'classifier', value: shape, got: `[${shape.join(', ')}]` };
  return refusal(ClassifierError, details, 'must return one unit, [batch, 1]');
}

/** [1 − p, p] for every row. */
function twoShares(values: Float32Array): Float32Array {
  const out = new Float32Array(2 * values.length);
  values.forEach((p, row) => out.set([1 - p, p], 2 * row));
  return out;
}

/** [0, z] for every row. Its sign is that of p − 1/2, in double and then in float32. */
function twoLogits(values: Float32Array, output: ClassifierOutput): Float32Array {
  const out = new Float32Array(2 * values.length);
  values.forEach((value, row) => {
    if (output === 'probabilities' && (value < 0 || value > 1)) {
      const details = { call: CALL, field: 'output', value: output, got: `${value} as one of them` };
      throw refusal(ClassifierError, details, "must be 'logits' for a unit that is no probability");
    }
    out[2 * row + 1] = output === 'logits' ? value : logOf(value) - logOf(1 - value);
  });
  return out;
}

/** NaN stays NaN. */
const logOf = (p: number): number => Math.log(Math.max(p, LEAST_PROBABILITY));

/** Whether the last layer of a layers model is seen to be a sigmoid. */
function endsInSigmoid(classifier: Classifier): boolean {
  const [only] = originOf(classifier)?.parts ?? [];
  const model: unknown = only ?? classifier;
  if (!isLayersModel(model)) return false;
  const { layers } = model as { readonly layers?: readonly { getConfig?(): { readonly activation?: unknown } }[] };
  return layers?.at(-1)?.getConfig?.().activation === 'sigmoid';
}
