import * as tf from '@tensorflow/tfjs';
import { adaptClassifier } from '../classifier/adapt-classifier.ts';
import { noisyLogits } from '../classifier/noisy-logits.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import { parseGaussianLossBatch, parseGaussianLossOptions } from '../options/gaussian-loss-options.ts';
import { assertBatch, assertBatchNoise } from '../tensors/assert-shapes.ts';
import { assertOutsideTape } from '../tensors/assert-outside-tape.ts';
import { crossEntropyRows } from '../tensors/cross-entropy.ts';
import { assertLabelsFit, checkLabels, type Labels } from '../tensors/labels.ts';
import { withDispose } from '../tensors/with-dispose.ts';
import type { Key } from '../types.ts';
import type { Prepared, TrainingLoss } from './types.ts';

/** Options of {@link GaussianLoss}. */
export interface GaussianLossOptions {
  /** The noise that is added to the images. */
  readonly noise: AdditiveNoise;
  /**
   * Noisy copies of each image, M.
   * @defaultValue 1
   */
  readonly numNoise?: number;
}

/** A batch for {@link GaussianLoss.prepare}. */
export interface GaussianLossBatch {
  /** Images [B, ...inputShape], float32; copied, not disposed. */
  readonly x: tf.Tensor;
  /** Class labels [B]; copied, not disposed. */
  readonly labels: Labels;
  /** Drives the noise: image b draws from `foldIn(key, b)`. */
  readonly key: Key;
  /** The noise [M, B, ...inputShape] to use instead of drawing it; copied, not disposed. */
  readonly noise?: tf.Tensor;
}

/** A batch with its noise, made by {@link GaussianLoss.prepare}. */
export interface PreparedGaussian extends Prepared {
  /** Images [B, ...inputShape]. */
  readonly x: tf.Tensor;
  /** Labels, int32 [B]. */
  readonly labels: tf.Tensor1D;
  /** Noise [M, B, ...inputShape]. */
  readonly noise: tf.Tensor;
  /** The largest label, where the labels were plain numbers. */
  readonly largestLabel: number | undefined;
}

/**
 * Gaussian training: the mean cross entropy of noisy images, (1/MB) Σ_b Σ_i −ln softmax(f(x_b + ε_bi))_y.
 *
 * @see Cohen, Rosenfeld, Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019, section 3.3;
 * locuslab/smoothing, train.py
 * @example
 * ```ts
 * const loss = new GaussianLoss(model, { noise });
 * ```
 */
export class GaussianLoss implements TrainingLoss<GaussianLossBatch, PreparedGaussian> {
  readonly #run: LogitsFn;
  readonly #options: ReturnType<typeof parseGaussianLossOptions>;

  /** Checks the options. */
  constructor(classifier: Classifier, options: GaussianLossOptions) {
    this.#options = parseGaussianLossOptions('GaussianLoss', options);
    this.#run = adaptClassifier('GaussianLoss', classifier);
  }

  /**
   * Draws the noise of a batch.
   *
   * @throws OptionError, TensorError for a missing key, unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: GaussianLossBatch): PreparedGaussian {
    const call = 'GaussianLoss.prepare';
    assertOutsideTape(call);
    const { x, labels, key, noise } = parseGaussianLossBatch(call, batch);
    assertBatch(call, x);
    if (noise) assertBatchNoise(call, x, noise);
    const { noise: source, numNoise } = this.#options;
    return withDispose(() => {
      const checked = checkLabels(call, labels, x.shape[0] ?? 0);
      return {
        x: x.clone(),
        labels: checked.labels,
        noise: noise?.clone() ?? source.sampleBatch({ key, numNoise, shape: x.shape }),
        largestLabel: checked.largest,
      };
    });
  }

  /** The loss of a prepared batch: one training-mode forward pass. A scalar owned by the caller. */
  value({ x, labels, noise, largestLabel }: PreparedGaussian): tf.Scalar {
    const call = 'GaussianLoss.value';
    return tf.tidy(() => {
      const logits = noisyLogits(call, this.#run, { x, noise }, { training: true });
      assertLabelsFit(call, largestLabel, logits.shape[2]);
      return tf.mean(crossEntropyRows(logits, labels)) as tf.Scalar;
    });
  }
}
