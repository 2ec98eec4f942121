import * as tf from '@tensorflow/tfjs';
import { ClassifierError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { tensorOfCopy } from '../tensors/own-tensor.ts';
import { adaptClassifier, isTypedClassifier } from './adapt-classifier.ts';
import { declaredInputShape } from './declared-shapes.ts';
import { afterStep } from './origin.ts';
import { afterTypedStep, assertTakesAll, type TypedStep } from './typed-outputs.ts';
import type { Classifier, GraphModelLike, ImageLayout, LayersModelLike, LogitsFn, TypedClassifier } from './types.ts';

/** Options of {@link normalizeInput}. */
export interface NormalizeInputOptions {
  /**
   * Subtracted from every value: one number, or one for each channel.
   * @defaultValue 0
   */
  readonly mean?: number | readonly number[] | undefined;
  /**
   * What is left is divided by it: one number, or one for each channel.
   * @defaultValue 1
   */
  readonly std?: number | readonly number[] | undefined;
  /**
   * Where the channels of an input are: the last axis, `'nhwc'`, or the first, `'nchw'`.
   * @defaultValue 'nhwc'
   */
  readonly layout?: ImageLayout | undefined;
}

type Numbers = number | readonly number[];

const numbers = (must: string, holds: (value: number) => boolean): fields.Field<Numbers> =>
  fields.field<Numbers>(`must be ${must}, or a list of such numbers, one a channel`, (v) => {
    const all: readonly unknown[] = Array.isArray(v) ? v : [v];
    return all.length > 0 && all.every((value) => typeof value === 'number' && holds(Math.fround(value)));
  });

const normalizeInputOptions = optionsOf<NormalizeInputOptions>()({
  mean: fields.withDefault(numbers('a finite number', Number.isFinite), 0),
  std: fields.withDefault(
    numbers('a number above 0 that float32 can hold', (value) => value > 0 && value < Infinity),
    1,
  ),
  layout: fields.withDefault(fields.oneOf('nhwc', 'nchw'), 'nhwc'),
});

const CALL = 'normalizeInput';

/**
 * Normalises each input before the classifier sees it: f((x − mean) / std).
 *
 * For models that were trained on normalised images, as most of PyTorch are. It is a fixed function of each noisy input, applied after the noise. So the
 * certificate is unchanged: sigma and the radius are in the units of the input before this step, and `mean` and `std` too. Computed in float32.
 *
 * @param classifier - the classifier for normalised inputs; typed arrays to typed arrays remain so
 * @returns a function x [batch, ...inputShape] → logits [batch, numClasses], or a classifier of typed arrays for such a one; the caller owns the
 * result; gradients flow
 * @throws OptionError if the classifier is none of the known kinds, or an option is unknown or wrong
 * @throws ClassifierError (from the function) for inputs with another number of channels
 * @see `NormalizeLayer` in `code/datasets.py` of https://github.com/locuslab/smoothing
 * @example
 * ```ts
 * import { imageStatistics } from 'catrs/models';
 *
 * const f = normalizeInput(model, imageStatistics.cifar10); // images in [0, 1]
 * const bytes = normalizeInput(model, { mean: 127.5, std: 127.5 }); // images in [0, 255], for a model of [-1, 1]
 * ```
 */
export function normalizeInput(classifier: TypedClassifier, options: NormalizeInputOptions): TypedClassifier;
export function normalizeInput(
  classifier: LogitsFn | LayersModelLike | GraphModelLike,
  options: NormalizeInputOptions,
): LogitsFn;
export function normalizeInput(classifier: Classifier, options: NormalizeInputOptions): LogitsFn | TypedClassifier;
export function normalizeInput(classifier: Classifier, options: NormalizeInputOptions): LogitsFn | TypedClassifier {
  const { mean, std, layout } = normalizeInputOptions.parse(CALL, options);
  const [means, stds] = [mean, std].map((value) => Float32Array.from(typeof value === 'number' ? [value] : value));
  const statistics = { mean: means as Float32Array, std: stds as Float32Array, layout };
  const inputShape = declaredInputShape(classifier);
  if (isTypedClassifier(classifier)) {
    assertTakesAll(CALL, classifier);
    const step: TypedStep = (inputs, { shape }) => ({ inputs: normalized(inputs, shape, statistics), shape });
    return afterTypedStep(CALL, step, classifier, { parts: [classifier], inputShape });
  }
  const run = adaptClassifier(CALL, classifier);
  const step = (x: tf.Tensor): tf.Tensor => {
    const along = (field: 'mean' | 'std'): tf.Tensor => {
      const values = statistics[field];
      return tensorOfCopy(values, broadcastShape(field, values.length, x.shape.slice(1), layout), 'float32');
    };
    return tf.div(tf.sub(x, along('mean')), along('std'));
  };
  return afterStep(step, run, [classifier], { inputShape });
}

interface Statistics {
  readonly mean: Float32Array;
  readonly std: Float32Array;
  readonly layout: ImageLayout;
}

/** The shape in which so many numbers meet inputs of a shape, without the batch. */
function broadcastShape(field: 'mean' | 'std', count: number, shape: readonly number[], layout: ImageLayout): number[] {
  if (count === 1) return [];
  const axis = layout === 'nchw' ? 0 : shape.length - 1;
  if (shape[axis] === count) return shape.map((_, i) => (i === axis ? count : 1));
  const where = layout === 'nchw' ? 'first' : 'last';
  const got = `${count} for inputs of shape [${shape.join(', ')}]`;
  const details = { call: CALL, field, value: count, got };
  throw refusal(ClassifierError, details, `must be one number, or one for each channel along the ${where} axis`);
}

/** The values of a batch after the step, in a new array. */
function normalized(
  values: Float32Array,
  shape: readonly number[],
  { mean, std, layout }: Statistics,
): Float32Array<ArrayBuffer> {
  broadcastShape('mean', mean.length, shape, layout);
  broadcastShape('std', std.length, shape, layout);
  const channels = Math.max(mean.length, std.length);
  const size = shape.reduce((whole, length) => whole * length, 1);
  // Values that stand one after the other and have one channel.
  const run = layout === 'nchw' ? size / channels : 1;
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const channel = Math.floor(i / run) % channels;
    const centred = Math.fround((values[i] as number) - (mean[channel % mean.length] as number));
    out[i] = centred / (std[channel % std.length] as number);
  }
  return out;
}
