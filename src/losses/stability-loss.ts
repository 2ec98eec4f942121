import * as tf from '@tensorflow/tfjs';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { adaptForGradients } from '../classifier/check-gradients.ts';
import { assertLogitsShape } from '../classifier/check-logits.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertShape } from '../tensors/assert-shapes.ts';
import { onBackend } from '../tensors/backend-failure.ts';
import { crossEntropyRows } from '../tensors/cross-entropy.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import { voteFrequency } from './confidence-aware-terms.ts';
import { preparedStep } from './prepared-step.ts';
import { noisyBatch, parseTrainingBatch } from './training-batch.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from './types.ts';

/**
 * The stability term: cross entropy of the noisy predictions against the clean one, (1/M) Σ_i −Σ_c softmax(f(x))_c ln softmax(f(x + ε_i))_c.
 *
 * The clean prediction is no constant: the gradient flows through both arguments, as in the official code.
 *
 * @param logitsClean - of the images, [B, numClasses]; not disposed
 * @param logitsNoisy - of the noisy copies, [M, B, numClasses]; not disposed
 * @returns the term per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Li, Chen, Wang, Carin, "Certified Adversarial Robustness with Additive Noise", NeurIPS 2019 (stability training);
 * alinlab/smoothing-catrs, train_stab.py
 * @example
 * ```ts
 * const stability = stabilityTerm(logitsClean, logits);
 * ```
 */
export function stabilityTerm(logitsClean: tf.Tensor2D, logitsNoisy: tf.Tensor3D): tf.Tensor1D {
  const [, batch, numClasses] = logitsNoisy.shape;
  assertShape('stabilityTerm', 'logitsClean', logitsClean, [batch, numClasses]);
  return tf.tidy(() => {
    const losses = tf.neg(tf.sum(tf.mul(tf.softmax(logitsClean), tf.logSoftmax(logitsNoisy)), -1));
    return tf.mean(losses, 0) as tf.Tensor1D;
  });
}

/** Options of {@link StabilityLoss}. */
export interface StabilityLossOptions {
  /** The noise that is added to the images. */
  readonly noise: AdditiveNoise;
  /** Weight of the stability term, λ. The official runs use 2, 2, 1 for σ = 0.25, 0.5, 1 on CIFAR-10. */
  readonly lambda: number;
  /**
   * Noisy copies of each image, M.
   * @defaultValue 1
   */
  readonly numNoise?: number | undefined;
}

const stabilityLossOptions = optionsOf<StabilityLossOptions>()({
  noise: fields.trainingNoise<AdditiveNoise>(),
  lambda: fields.nonNegative,
  numNoise: fields.withDefault(fields.positiveInteger, 1),
});

const VALUE = 'StabilityLoss.value';

/** The terms of the stability loss, one entry per image. */
export interface StabilityTerms {
  /** Cross entropy of the clean image, [B]. */
  readonly crossEntropy: tf.Tensor1D;
  /** λ times the mean cross entropy of the noisy predictions against the clean one, [B]. */
  readonly stability: tf.Tensor1D;
}

/**
 * Stability training: L = mean_b [ −ln softmax(f(x))_y + λ · (1/M) Σ_i −Σ_c softmax(f(x))_c ln softmax(f(x + ε_i))_c ].
 *
 * The cross entropy with the labels is that of the clean image, and the gradient also flows through the target softmax(f(x)).
 *
 * The key drives the noise: image b draws from `foldIn(key, b)`. `value` makes two training-mode forward passes, first of the B clean
 * images, then of the M · B noisy ones, so that layers with batch statistics see them apart.
 *
 * @see Li, Chen, Wang, Carin, "Certified Adversarial Robustness with Additive Noise", NeurIPS 2019; Zheng, Song, Leung, Goodfellow,
 * "Improving the Robustness of Deep Neural Networks via Stability Training", CVPR 2016; alinlab/smoothing-catrs, train_stab.py
 * @example
 * ```ts
 * const loss = new StabilityLoss(model, { noise, lambda: 2 });
 * ```
 */
export class StabilityLoss implements TrainingLoss<TrainingBatch, PreparedBatch<StabilityTerms>> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  /** The noise that is added to the images. */
  readonly noise: AdditiveNoise;
  /** Weight of the stability term, λ. */
  readonly lambda: number;
  /** Noisy copies of each image. */
  readonly numNoise: number;
  readonly #run: LogitsFn;

  /** Checks the options. */
  constructor(classifier: Classifier, options: StabilityLossOptions) {
    const { noise, lambda, numNoise } = stabilityLossOptions.parse('StabilityLoss', options);
    this.#run = adaptForGradients('StabilityLoss', classifier);
    this.classifier = classifier;
    this.noise = noise;
    this.lambda = lambda;
    this.numNoise = numNoise;
  }

  /**
   * Draws the noise of a batch. `value()` of the result makes two training-mode forward passes.
   *
   * @throws OptionError, TensorError for a missing key, unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: TrainingBatch): PreparedBatch<StabilityTerms> {
    const call = 'StabilityLoss.prepare';
    assertOutsideTape(call);
    const given = parseTrainingBatch(call, batch);
    return preparedStep(
      'StabilityLoss',
      () => noisyBatch(call, given, { noise: this.noise, numNoise: this.numNoise, key: given.key }),
      ({ x, labels, noise, largestLabel }) => {
        const clean = onBackend({ call: VALUE, shape: x.shape }, () => this.#run(x, { training: true }) as tf.Tensor2D);
        assertLogitsShape(VALUE, clean, labels.size);
        assertLabelsFit(VALUE, largestLabel, clean.shape[1]);
        const noisy = noisyLogits(VALUE, this.#run, { x, noise }, { training: true });
        return {
          terms: {
            crossEntropy: crossEntropyRows(clean, labels) as tf.Tensor1D,
            stability: tf.mul<tf.Tensor1D>(this.lambda, stabilityTerm(clean, noisy)),
          },
          numbers: { accuracy: voteFrequency(noisy, labels) },
        };
      },
    );
  }
}
