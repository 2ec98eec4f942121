import type * as tf from '@tensorflow/tfjs';
import { isTypedDenoiser } from '../classifier/adapt-classifier.ts';
import { diffusionDenoiser, type DiffusionDenoiserOptions } from '../classifier/diffusion-denoiser.ts';
import { denoised } from '../classifier/input-adapters.ts';
import type { Classifier } from '../classifier/types.ts';
import type { AdaptedTo } from './adapt-model.ts';
import type { ModelOptions } from './common-options.ts';
import type { DenoiserChoice } from './denoiser-options.ts';
import { type FittedNetwork, fittedTensorDenoiser, fittedTypedDenoiser } from './fitted-denoiser.ts';
import { CliError } from './io.ts';
import type { OpenedClassifier } from './open-model.ts';

/** A classifier of images behind the denoiser of the command, if it has one. Throws CliError for a denoiser of other images. @internal */
export function behindDenoiser(
  classifier: Classifier,
  { denoiser }: Pick<OpenedClassifier, 'denoiser'>,
  options: DenoiserChoice & Pick<ModelOptions, 'layout'>,
  { shape, sigma }: Pick<AdaptedTo, 'shape' | 'sigma'>,
): Classifier {
  if (denoiser === undefined) return classifier;
  const { denoiser: path = '', layout, timeInput } = options;
  const diffusion = diffusionOf(options, sigma);
  const network: Omit<FittedNetwork<never>, 'model'> = { path, shape, layout, timeInput, isDiffusion: diffusion !== undefined }; // prettier-ignore
  if (isTypedDenoiser(denoiser)) {
    const fitted = fittedTypedDenoiser({ ...network, model: denoiser });
    return denoised(classifier, diffusion ? diffusionDenoiser(fitted, diffusion) : fitted);
  }
  const fitted = fittedTensorDenoiser({ ...network, model: denoiser });
  if (!diffusion) return denoised(classifier, (x, mode) => fitted(x, mode));
  const run = (x: tf.Tensor, { time }: { readonly time: number }): tf.Tensor => fitted(x, { training: false }, time);
  return denoised(classifier, diffusionDenoiser(run, diffusion));
}

/** What makes a denoiser of a diffusion network; undefined for a denoiser. */
function diffusionOf(
  { diffusion: schedule, diffusionSteps: steps, predicts, rescaleTime }: DenoiserChoice,
  sigma: number | undefined,
): DiffusionDenoiserOptions | undefined {
  if (schedule === undefined) return undefined;
  if (sigma !== undefined) return { schedule, steps, predicts, rescaleTime, sigma };
  throw new CliError('--noise must be gaussian or sound-gaussian with --diffusion, whose steps have Gaussian noise');
}
