import * as tf from '@tensorflow/tfjs';
import { ClassifierError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { adaptClassifier, adaptModel } from './adapt-classifier.ts';
import { afterStep } from './origin.ts';
import type { Classifier, Denoiser, LogitsFn } from './types.ts';

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
 * @returns a function x [batch, ...inputShape] → logits [batch, numClasses]; the caller owns the result; gradients flow
 * @throws OptionError if the classifier is none of the known kinds, or an option is unknown or wrong
 * @see `certify_norm` of https://github.com/alinlab/smoothing-catrs
 * @example
 * ```ts
 * const g = new SmoothedClassifier(standardizeInput(model), { noise });
 * ```
 */
export function standardizeInput(classifier: Classifier, options: StandardizeInputOptions = {}): LogitsFn {
  const { epsilon, subtractMean } = standardizeInputOptions.parse('standardizeInput', options);
  const run = adaptClassifier('standardizeInput', classifier);
  const step = (x: tf.Tensor): tf.Tensor => {
    const coordinates = x.shape.map((_, axis) => axis).slice(1);
    const { mean, variance } = tf.moments(x, coordinates, true);
    const scale = tf.add(tf.sqrt(tf.add(variance, epsilon)), epsilon);
    return tf.div(subtractMean ? tf.sub(x, mean) : x, scale);
  };
  return afterStep(step, run, [classifier]);
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
 * @param denoiser - noisy images [batch, ...inputShape] → images of the same shape
 * @returns a function x [batch, ...inputShape] → logits [batch, numClasses]; the caller owns the result; gradients flow through
 * both
 * @throws OptionError if an argument is none of the known kinds
 * @throws ClassifierError (from the function) if the denoiser returns another shape
 * @see Salman, Sun, Yang, Kapoor, Kolter, "Denoised Smoothing: A Provable Defense for Pretrained Classifiers", NeurIPS 2020
 * @example
 * ```ts
 * const g = new SmoothedClassifier(denoised(model, denoiser), { noise });
 * ```
 */
export function denoised(classifier: Classifier, denoiser: Denoiser): LogitsFn {
  const run = adaptClassifier(CALL, classifier);
  const denoise = adaptModel(CALL, denoiser, { field: 'denoiser', result: 'images' });
  const step: LogitsFn = (x, mode) => {
    const images = denoise(x, mode);
    if (images.rank === x.rank && images.shape.every((size, axis) => size === x.shape[axis])) return images;
    const details = { call: CALL, field: 'denoiser', value: images.shape, got: `[${images.shape}]` };
    throw refusal(ClassifierError, details, `must return images of the shape [${x.shape}]`);
  };
  return afterStep(step, run, [classifier, denoiser]);
}
