import * as tf from '@tensorflow/tfjs';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { adaptForGradients } from '../classifier/check-gradients.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { crossEntropyRows } from '../tensors/cross-entropy.ts';
import { assertLabelsFit, type Labels, labelsOfLogits } from '../tensors/labels.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import { voteFrequency } from './confidence-aware-terms.ts';
import { preparedStep } from './prepared-step.ts';
import { noisyBatch, parseTrainingBatch } from './training-batch.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from './types.ts';

/**
 * Mean cross entropy of the noisy copies of every image, (1/M) Σ_i −ln softmax(f(x + ε_i))_y.
 *
 * @param logits - of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - [B], an int32 tensor or plain integers; not disposed
 * @returns the mean per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, section 3.3; locuslab/smoothing, train.py
 * @example
 * ```ts
 * const perImage = noisyCrossEntropy(logits, labels);
 * ```
 */
export function noisyCrossEntropy(logits: tf.Tensor3D, labels: Labels): tf.Tensor1D {
  return tf.tidy(() => {
    const y = labelsOfLogits('noisyCrossEntropy', labels, logits);
    return tf.mean(crossEntropyRows(logits, y), 0) as tf.Tensor1D;
  });
}

/** Options of {@link GaussianLoss}. */
export interface GaussianLossOptions {
  /** The noise that is added to the images. */
  readonly noise: AdditiveNoise;
  /**
   * Noisy copies of each image, M.
   * @defaultValue 1
   */
  readonly numNoise?: number | undefined;
}

const gaussianLossOptions = optionsOf<GaussianLossOptions>()({
  noise: fields.trainingNoise<AdditiveNoise>(),
  numNoise: fields.withDefault(fields.positiveInteger, 1),
});

const VALUE = 'GaussianLoss.value';

/** The terms of the Gaussian loss, one entry per image. */
export interface GaussianTerms {
  /** Mean cross entropy of the noisy copies, [B]. */
  readonly crossEntropy: tf.Tensor1D;
}

/**
 * Gaussian training: the mean cross entropy of noisy images, (1/MB) Σ_b Σ_i −ln softmax(f(x_b + ε_bi))_y.
 *
 * The key drives the noise: image b draws from `foldIn(key, b)`. One forward pass over M · B inputs.
 *
 * @see Cohen, Rosenfeld, Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019, section 3.3;
 * locuslab/smoothing, train.py
 * @example
 * ```ts
 * const loss = new GaussianLoss(model, { noise });
 * ```
 */
export class GaussianLoss implements TrainingLoss<TrainingBatch, PreparedBatch<GaussianTerms>> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  /** The noise that is added to the images. */
  readonly noise: AdditiveNoise;
  /** Noisy copies of each image. */
  readonly numNoise: number;
  readonly #run: LogitsFn;

  /** Checks the options. */
  constructor(classifier: Classifier, options: GaussianLossOptions) {
    const { noise, numNoise } = gaussianLossOptions.parse('GaussianLoss', options);
    this.#run = adaptForGradients('GaussianLoss', classifier);
    this.classifier = classifier;
    this.noise = noise;
    this.numNoise = numNoise;
  }

  /**
   * Draws the noise of a batch. `value()` of the result makes one training-mode forward pass.
   *
   * @throws OptionError, TensorError for a missing key, unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: TrainingBatch): PreparedBatch<GaussianTerms> {
    const call = 'GaussianLoss.prepare';
    assertOutsideTape(call);
    const given = parseTrainingBatch(call, batch);
    return preparedStep(
      'GaussianLoss',
      () => noisyBatch(call, given, { noise: this.noise, numNoise: this.numNoise, key: given.key }),
      ({ x, labels, noise, largestLabel }) => {
        const logits = noisyLogits(VALUE, this.#run, { x, noise }, { training: true });
        assertLabelsFit(VALUE, largestLabel, logits.shape[2]);
        return {
          terms: { crossEntropy: noisyCrossEntropy(logits, labels) },
          numbers: { accuracy: voteFrequency(logits, labels) },
        };
      },
    );
  }
}
