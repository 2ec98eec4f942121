import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { adaptClassifier, isTypedClassifier } from './adapt-classifier.ts';
import { declaredInputShape } from './declared-shapes.ts';
import { fitInput, type InputFit } from './input-fit.ts';
import { afterStep } from './origin.ts';
import { afterTypedStep, type TypedStep } from './typed-outputs.ts';
import type { Classifier, GraphModelLike, ImageLayout, LayersModelLike, LogitsFn, TypedClassifier } from './types.ts';

/** Options of {@link reshapeInput}. */
export interface ReshapeInputOptions {
  /** Shape of one input as the data have it, without the batch, for example [28, 28, 1]. */
  readonly shape: readonly number[];
  /**
   * Shape of one input as the classifier wants it, `null` for a free size.
   * @defaultValue what the classifier declares
   */
  readonly inputShape?: readonly (number | null)[] | undefined;
  /**
   * Order of the axes of images that the classifier wants, where its shape does not tell; a flat vector of several channels is in this order too.
   * @defaultValue what the two shapes say; as the data have it where they say nothing
   */
  readonly layout?: ImageLayout | undefined;
}

const isSize = (v: unknown): boolean => v === null || fields.isInteger(v, 1, Number.MAX_SAFE_INTEGER);

const reshapeInputOptions = optionsOf<ReshapeInputOptions>()({
  shape: fields.shape,
  inputShape: fields.optional(
    fields.field<readonly (number | null)[]>(
      'must be one or more integers of at least 1, null for a free size',
      (v) => Array.isArray(v) && v.length > 0 && v.every(isSize),
    ),
  ),
  layout: fields.optional(fields.oneOf('nhwc', 'nchw')),
});

const CALL = 'reshapeInput';

/**
 * Gives a classifier its inputs in the shape that it wants: as a flat vector, with or without an axis of one channel, channels first or last.
 *
 * The values stay what they are, so certificates, sigma and radius do too: [28, 28, 1] for a model of [784], [28, 28] or [1, 28, 28], and
 * [32, 32, 3] for one of [3, 32, 32]. What the shapes do not settle is refused: two sides that are exchanged, another size, and several
 * channels in a flat vector, whose order only `layout` can say.
 *
 * @param classifier - the classifier; typed arrays to typed arrays remain so
 * @returns a function x [batch, ...shape] → logits [batch, numClasses], or a classifier of typed arrays for such a one; the caller owns the result;
 * gradients flow through
 * @throws OptionError if the classifier is none of the known kinds, an option is wrong, or `shape` does not fit: the text says which transposition,
 * axis or resize is missing
 * @throws ClassifierError (from the function) for inputs of another shape than `shape`
 * @example
 * ```ts
 * const mlp = tf.sequential({ layers: [tf.layers.dense({ inputShape: [784], units: 10 })] });
 * const g = new SmoothedClassifier(reshapeInput(mlp, { shape: [28, 28, 1] }), { noise });
 * ```
 */
export function reshapeInput(classifier: TypedClassifier, options: ReshapeInputOptions): TypedClassifier;
export function reshapeInput(
  classifier: LogitsFn | LayersModelLike | GraphModelLike,
  options: ReshapeInputOptions,
): LogitsFn;
export function reshapeInput(classifier: Classifier, options: ReshapeInputOptions): LogitsFn | TypedClassifier;
export function reshapeInput(classifier: Classifier, options: ReshapeInputOptions): LogitsFn | TypedClassifier {
  const { shape, inputShape, layout } = reshapeInputOptions.parse(CALL, options);
  const wanted = inputShape ?? declaredInputShape(classifier);
  const found = fitInput(shape, wanted, layout);
  if ('missing' in found) {
    const to = wanted === undefined ? '' : ` for a classifier of [${wanted.map((size) => size ?? 'any').join(', ')}]`;
    const details = { call: CALL, field: 'shape', value: shape, got: `[${shape.join(', ')}]${to}`, way: found.missing };
    throw refusal(OptionError, details, 'must be a shape that can be given to the classifier');
  }
  return reshaped(classifier, shape, found.fit);
}

/** A classifier whose inputs have this shape. @internal */
export function reshaped(
  classifier: Classifier,
  shape: readonly number[],
  { axes, shape: to }: InputFit,
): LogitsFn | TypedClassifier {
  if (isTypedClassifier(classifier)) {
    const step: TypedStep = (inputs, { shape: given }) => {
      assertShape(given, shape);
      return { inputs: axes ? axesInOrder(inputs, shape, axes) : inputs, shape: to };
    };
    const { inputRange } = classifier;
    return afterTypedStep(CALL, step, classifier, { parts: [classifier], inputShape: shape, inputRange });
  }
  const run = adaptClassifier(CALL, classifier);
  const order = axes && [0, ...axes.map((axis) => axis + 1)];
  const step = (x: tf.Tensor): tf.Tensor => {
    const [batch = 0, ...given] = x.shape;
    assertShape(given, shape);
    return tf.reshape(order ? tf.transpose(x, order) : x, [batch, ...to]);
  };
  return afterStep(step, run, [classifier], { inputShape: shape });
}

function assertShape(given: readonly number[], shape: readonly number[]): void {
  if (given.length === shape.length && given.every((size, axis) => size === shape[axis])) return;
  const details = { call: CALL, field: 'shape', value: given, got: `inputs of [${given.join(', ')}]` };
  throw refusal(ClassifierError, details, `must be that of the inputs, not [${shape.join(', ')}]`);
}

/** Rows of this shape with their axes in another order, in a new array. @internal */
export function axesInOrder(
  values: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array<ArrayBuffer> {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((size, length) => size * length, 1));
  const size = shape.reduce((whole, length) => whole * length, 1);
  // Where the values of a row come from, in the order in which they are wanted.
  const sources = axes.reduce<readonly number[]>(
    (starts, axis) =>
      starts.flatMap((start) => Array.from({ length: shape[axis] ?? 1 }, (_, i) => start + i * (steps[axis] ?? 0))),
    [0],
  );
  const out = new Float32Array(values.length);
  for (let row = 0; row < values.length; row += size) {
    for (let i = 0; i < size; i++) out[row + i] = values[row + (sources[i] as number)] as number;
  }
  return out;
}
