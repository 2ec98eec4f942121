import * as tf from '@tensorflow/tfjs';
import { adaptClassifier, noisyLogits } from '../classifier/adapt-classifier.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertShape } from '../tensors/assert-shapes.ts';
import { crossEntropyRows } from '../tensors/cross-entropy.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { withDispose } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import { noisyBatch, parseTrainingBatch } from './training-batch.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from './types.ts';

/**
 * Mean cross entropy of the noisy copies of every image, (1/M) Σ_i −ln softmax(f(x + ε_i))_y.
 *
 * @param logits - of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - int32 [B]; not disposed
 * @returns the mean per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, section 3.3; locuslab/smoothing, train.py
 * @example
 * ```ts
 * const perImage = noisyCrossEntropy(logits, labels);
 * ```
 */
export function noisyCrossEntropy(logits: tf.Tensor3D, labels: tf.Tensor1D): tf.Tensor1D {
  assertShape('noisyCrossEntropy', 'labels', labels, [logits.shape[1]]);
  return tf.tidy(() => tf.mean(crossEntropyRows(logits, labels), 0) as tf.Tensor1D);
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
  noise: fields.additiveNoise<AdditiveNoise>(),
  numNoise: fields.withDefault(fields.positiveInteger, 1),
});

/** The parts of the Gaussian loss, one entry per image. */
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
export class GaussianLoss implements TrainingLoss<TrainingBatch, PreparedBatch> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  readonly #run: LogitsFn;
  readonly #options: ReturnType<typeof gaussianLossOptions.parse>;

  /** Checks the options. */
  constructor(classifier: Classifier, options: GaussianLossOptions) {
    this.#options = gaussianLossOptions.parse('GaussianLoss', options);
    this.#run = adaptClassifier('GaussianLoss', classifier);
    this.classifier = classifier;
  }

  /**
   * Draws the noise of a batch.
   *
   * @throws OptionError, TensorError for a missing key, unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: TrainingBatch): PreparedBatch {
    const call = 'GaussianLoss.prepare';
    assertOutsideTape(call);
    const given = parseTrainingBatch(call, batch);
    return withDispose(() => noisyBatch(call, given, { ...this.#options, key: given.key }));
  }

  /** The loss of a prepared batch: one training-mode forward pass. A scalar owned by the caller. */
  value(prepared: PreparedBatch): tf.Scalar {
    return tf.tidy(() => tf.mean(this.terms(prepared).crossEntropy) as tf.Scalar);
  }

  /** The parts of the loss per image, for logs and for objectives of one's own; the tensors are the caller's. */
  terms({ x, labels, noise, largestLabel }: PreparedBatch): GaussianTerms {
    const call = 'GaussianLoss.value';
    return tf.tidy(() => {
      const logits = noisyLogits(call, this.#run, { x, noise }, { training: true });
      assertLabelsFit(call, largestLabel, logits.shape[2]);
      return { crossEntropy: noisyCrossEntropy(logits, labels) };
    });
  }
}
