import * as tf from '@tensorflow/tfjs';
import { parseStandardizeInputOptions } from '../options/classifier-adapter-options.ts';
import { adaptClassifier } from './adapt-classifier.ts';
import { afterStep } from './origin.ts';
import type { Classifier, LogitsFn } from './types.ts';

/** Options of {@link standardizeInput}. */
export interface StandardizeInputOptions {
  /**
   * Added to the variance, and again to its root, so that a constant image is not divided by 0.
   * @defaultValue 1e-8
   */
  readonly epsilon?: number;
  /**
   * Whether the mean over all coordinates is subtracted too.
   * @defaultValue false
   */
  readonly subtractMean?: boolean;
}

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
 * const g = new SmoothedClassifier(standardizeInput(model), { noise, numClasses: 10 });
 * ```
 */
export function standardizeInput(classifier: Classifier, options: StandardizeInputOptions = {}): LogitsFn {
  const { epsilon, subtractMean } = parseStandardizeInputOptions('standardizeInput', options);
  const run = adaptClassifier('standardizeInput', classifier);
  const step = (x: tf.Tensor): tf.Tensor => {
    const coordinates = x.shape.map((_, axis) => axis).slice(1);
    const { mean, variance } = tf.moments(x, coordinates, true);
    const scale = tf.add(tf.sqrt(tf.add(variance, epsilon)), epsilon);
    return tf.div(subtractMean ? tf.sub(x, mean) : x, scale);
  };
  return afterStep(step, run, [classifier]);
}
