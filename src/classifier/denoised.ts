import { ClassifierError } from '../errors.ts';
import { adaptClassifier, adaptModel } from './adapt-classifier.ts';
import { afterStep } from './origin.ts';
import type { Classifier, Denoiser, LogitsFn } from './types.ts';

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
 * const g = new SmoothedClassifier(denoised(model, denoiser), { noise, numClasses: 10 });
 * ```
 */
export function denoised(classifier: Classifier, denoiser: Denoiser): LogitsFn {
  const run = adaptClassifier(CALL, classifier);
  const denoise = adaptModel(CALL, denoiser, { field: 'denoiser', result: 'images' });
  const step: LogitsFn = (x, mode) => {
    const images = denoise(x, mode);
    if (images.rank === x.rank && images.shape.every((size, axis) => size === x.shape[axis])) return images;
    throw new ClassifierError(`\`denoiser\` must return images of the shape [${x.shape}], got [${images.shape}]`, {
      call: CALL,
      field: 'denoiser',
      value: images.shape,
    });
  };
  return afterStep(step, run, [classifier, denoiser]);
}
