import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import {
  adaptClassifier,
  adaptModel,
  isModel,
  isTypedClassifier,
  isTypedDenoiser,
  noClassifier,
} from './adapt-classifier.ts';
import { afterStep } from './origin.ts';
import { afterTypedStep, assertTakesAll, denoiseStep, type TypedStep, valuesOf } from './typed-outputs.ts';
import type { Classifier, Denoiser, LogitsFn, TensorClassifier, TypedClassifier, TypedDenoiser } from './types.ts';

/** Options of {@link standardizeInput}. */
export interface StandardizeInputOptions {
  /**
   * Added to the variance, and again to its root, so that a constant image is not divided by 0.
   * @defaultValue 1e-8
   */
  readonly epsilon?: number | undefined;
  /**
   * Whether the mean over all coordinates is subtracted too.
   * @defaultValue false
   */
  readonly subtractMean?: boolean | undefined;
}

const STANDARDIZE = 'standardizeInput';

const standardizeInputOptions = optionsOf<StandardizeInputOptions>()({
  epsilon: fields.withDefault(fields.positiveFloat32, 1e-8),
  subtractMean: fields.withDefault(fields.boolean, false),
});

/**
 * Divides each input by its own standard deviation before the classifier sees it.
 *
 * x / (s + epsilon) with s = sqrt(variance + epsilon), the population variance over all coordinates of the example; with
 * `subtractMean` (x − mean) / (s + epsilon). It is a fixed function of each noisy input, applied after the noise. So the
 * certificate is unchanged: sigma and the radius are in the units of the input before this step.
 *
 * @param classifier - the classifier for standardised inputs
 * @returns a function x [batch, ...inputShape] → logits [batch, numClasses]; the caller owns the result; gradients flow. Of a classifier of typed
 * arrays it is a classifier of typed arrays.
 * @throws OptionError if the classifier is none of the known kinds, or an option is unknown or wrong
 * @see `certify_norm` of https://github.com/alinlab/smoothing-catrs
 * @example
 * ```ts
 * const g = new SmoothedClassifier(standardizeInput(model), { noise });
 * ```
 */
export function standardizeInput(classifier: TypedClassifier, options?: StandardizeInputOptions): TypedClassifier;
/** Divides each input of a classifier of tensors by its own standard deviation. */
export function standardizeInput(classifier: TensorClassifier, options?: StandardizeInputOptions): LogitsFn;
/** Divides each input of a classifier of either kind by its own standard deviation. */
export function standardizeInput(classifier: Classifier, options?: StandardizeInputOptions): LogitsFn | TypedClassifier;
export function standardizeInput(
  classifier: Classifier,
  options: StandardizeInputOptions = {},
): LogitsFn | TypedClassifier {
  const { epsilon, subtractMean } = standardizeInputOptions.parse(STANDARDIZE, options);
  const step = (x: tf.Tensor): tf.Tensor => {
    const coordinates = x.shape.map((_, axis) => axis).slice(1);
    const { mean, variance } = tf.moments(x, coordinates, true);
    const scale = tf.add(tf.sqrt(tf.add(variance, epsilon)), epsilon);
    return tf.div(subtractMean ? tf.sub(x, mean) : x, scale);
  };
  if (!isTypedClassifier(classifier)) return afterStep(step, adaptClassifier(STANDARDIZE, classifier), [classifier]);
  assertTakesAll(STANDARDIZE, classifier);
  const typedStep: TypedStep = async (inputs, { batch, shape }) => {
    const whole = [batch, ...shape];
    const [next] = await valuesOf({ call: STANDARDIZE, shape: whole }, () => [
      step(tensorOver(inputs, whole, 'float32')),
    ]);
    return { inputs: next as Float32Array<ArrayBuffer>, shape };
  };
  return afterTypedStep(STANDARDIZE, typedStep, classifier, { parts: [classifier], inputShape: classifier.inputShape });
}

const CALL = 'denoised';

/**
 * Puts a denoiser in front of a classifier: f(x) = classifier(denoiser(x)).
 *
 * So a classifier that never saw noise can be smoothed. The denoiser gets the noisy input, in the units of the input; sigma and
 * the radius stay in these units. Certificates hold as long as both are fixed functions of each row: a denoiser that draws
 * samples of its own is none.
 *
 * @param classifier - the classifier for images without noise
 * @param denoiser - noisy images [batch, ...inputShape] → images of the same shape; for a classifier of typed arrays one of typed arrays, which may say
 * another `outputShape`
 * @returns a function x [batch, ...inputShape] → logits [batch, numClasses]; the caller owns the result; gradients flow through
 * both. Of typed arrays it is a classifier of typed arrays.
 * @throws OptionError if an argument is none of the known kinds, or one is of tensors and the other of typed arrays
 * @throws ClassifierError (from the function) if the denoiser returns another shape, or of typed arrays a value that is not finite
 * @see Salman, Sun, Yang, Kapoor, Kolter, "Denoised Smoothing: A Provable Defense for Pretrained Classifiers", NeurIPS 2020
 * @example
 * ```ts
 * const g = new SmoothedClassifier(denoised(model, denoiser), { noise });
 * ```
 */
export function denoised(classifier: TypedClassifier, denoiser: TypedDenoiser): TypedClassifier;
/** Puts a denoiser in front of a classifier of tensors. */
export function denoised(classifier: TensorClassifier, denoiser: Denoiser): LogitsFn;
/** Puts a denoiser in front of a classifier of its kind. */
export function denoised(classifier: Classifier, denoiser: Denoiser | TypedDenoiser): LogitsFn | TypedClassifier;
export function denoised(classifier: Classifier, denoiser: Denoiser | TypedDenoiser): LogitsFn | TypedClassifier {
  if (isTypedClassifier(classifier)) return typedDenoised(classifier, denoiser);
  const run = adaptClassifier(CALL, classifier);
  if (isTypedDenoiser(denoiser)) {
    const way = 'give the classifier as an object with a method `classify`';
    const got = 'a denoiser of typed arrays';
    throw refusal(
      OptionError,
      { call: CALL, field: 'denoiser', value: denoiser, got, way },
      'must be of tensors, as the classifier',
    );
  }
  const denoise = adaptModel(CALL, denoiser, { field: 'denoiser', result: 'images' });
  const step: LogitsFn = (x, mode) => {
    const images = denoise(x, mode);
    if (images.rank === x.rank && images.shape.every((size, axis) => size === x.shape[axis])) return images;
    const details = { call: CALL, field: 'denoiser', value: images.shape, got: `[${images.shape}]` };
    throw refusal(ClassifierError, details, `must return images of the shape [${x.shape}]`);
  };
  return afterStep(step, run, [classifier, denoiser]);
}

function typedDenoised(classifier: TypedClassifier, denoiser: Denoiser | TypedDenoiser): TypedClassifier {
  if (!isTypedDenoiser(denoiser)) {
    const known = typeof denoiser === 'function' || isModel(denoiser);
    if (!known) throw noClassifier(CALL, 'denoiser', denoiser, 'images');
    const way = 'give the denoiser as an object with a method `denoise`';
    const got = 'a denoiser of tensors';
    throw refusal(
      OptionError,
      { call: CALL, field: 'denoiser', value: denoiser, got, way },
      'must be of typed arrays, as the classifier',
    );
  }
  const { outputShape, inputRange = classifier.inputRange } = denoiser;
  const inputShape = denoiser.inputShape ?? (outputShape === undefined ? classifier.inputShape : undefined);
  if (classifier.inputRange !== undefined && String(classifier.inputRange) !== String(inputRange)) {
    const got = `[${inputRange?.join(', ')}] beside [${classifier.inputRange.join(', ')}]`;
    throw refusal(
      OptionError,
      { call: CALL, field: 'denoiser', value: inputRange, got },
      'must have the `inputRange` of the classifier',
    );
  }
  assertShapesFit(outputShape ?? inputShape, classifier.inputShape);
  return afterTypedStep(CALL, denoiseStep(CALL, denoiser), classifier, {
    parts: [classifier, denoiser],
    inputShape,
    inputRange,
  });
}

/** Throws where it is clear that the classifier does not take what the denoiser gives. */
function assertShapesFit(given: Shape | undefined, taken: Shape | undefined): void {
  if (!given || !taken) return;
  const fits =
    given.length === taken.length &&
    given.every((size, axis) => size === null || taken[axis] === null || size === taken[axis]);
  if (fits) return;
  const show = (shape: Shape): string => `[${shape.map((size) => size ?? 'any').join(', ')}]`;
  const must = `must return images of the shape ${show(taken)} that the classifier takes`;
  throw refusal(OptionError, { call: CALL, field: 'denoiser', value: given, got: show(given) }, must);
}

type Shape = readonly (number | null)[];
