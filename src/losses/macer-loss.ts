import * as tf from '@tensorflow/tfjs';
import { adaptClassifier, noisyLogits } from '../classifier/adapt-classifier.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { withDispose } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import { macerClassification, macerRobustness, type MacerRobustnessOptions, macerWidths } from './macer-terms.ts';
import { noisyBatch, parseTrainingBatch, requireEpoch } from './training-batch.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from './types.ts';

/** Options of {@link MacerLoss}. */
export interface MacerLossOptions extends Omit<MacerRobustnessOptions, 'sigma'> {
  /** The Gaussian noise of the smoothed classifier, whose radius is maximised: σ is its `parameters.sigma`. */
  readonly noise: AdditiveNoise;
  /**
   * Weight of the robustness part, λ; 0 leaves it out. The runs of CAT-RS use 12, 6, 12 for σ = 0.25, 0.5, 1 on CIFAR-10, the last one
   * deferred.
   */
  readonly lambda: number;
  /**
   * Noisy copies of each image, M.
   * @defaultValue 16
   */
  readonly numNoise?: number | undefined;
  /**
   * λ is 0 while `epoch` is below it; it needs `epoch` in the batches. The official code of CAT-RS defers to the first drop of the learning
   * rate: where it falls every 50 epochs, λ = 0 for the epochs 0 to 50, `deferredEpochs: 51`. Keep the two together in a shorter schedule: at
   * the first rate a large λ can diverge.
   * @defaultValue 0
   */
  readonly deferredEpochs?: number | undefined;
}

/** An additive noise whose law is N(0, σ²I), with σ in its parameters. */
const gaussianNoise = fields.field<AdditiveNoise>(
  'must be an additive Gaussian noise, whose radius MACER maximises (new GaussianNoise({ sigma: 0.25 }))',
  (v) => fields.isAdditiveNoise(v) && hasGaussianSigma(v as AdditiveNoise),
);

const hasGaussianSigma = ({ name, parameters }: AdditiveNoise): boolean =>
  name === 'gaussian' && fields.positive.safeParse(parameters?.['sigma']).success;

const macerLossOptions = optionsOf<MacerLossOptions>()({
  noise: gaussianNoise,
  lambda: fields.nonNegative,
  ...macerWidths,
  numNoise: fields.withDefault(fields.positiveInteger, 16),
  deferredEpochs: fields.withDefault(fields.nonNegativeInteger, 0),
});

/** A batch with its noise and the weight that its epoch gives. */
export interface PreparedMacer extends PreparedBatch {
  /** The weight of the robustness part, λ, or 0 while it is deferred. */
  readonly lambda: number;
}

/** The parts of the MACER loss, one entry per image. */
export interface MacerTerms {
  /** L_C, [B]. */
  readonly classification: tf.Tensor1D;
  /** L_R, without λ, [B]; zero where λ is 0. */
  readonly robustness: tf.Tensor1D;
}

/**
 * MACER, which maximises the certified radius directly: L = (Σ_b L_C + λ Σ_b L_R) / B with
 * - L_C = −ln((1/M) Σ_i softmax(f(x + ε_i))_y + 1e-10), {@link macerClassification},
 * - L_R = σ/2 · (γ + ξ) on correctly classified images with |ξ| ≤ γ, {@link macerRobustness}.
 *
 * Both sums are divided by the size of the batch, also where only some images count for L_R.
 *
 * The key drives the noise: image b draws from `foldIn(key, b)`. `value` makes one training-mode forward pass over M · B inputs; there is no
 * attack.
 *
 * @see Zhai et al., "MACER: Attack-free and Scalable Robust Training via Maximizing Certified Radius", ICLR 2020; RuntianZ/macer, macer.py;
 * alinlab/smoothing-catrs, train_macer.py
 * @example
 * ```ts
 * const loss = new MacerLoss(model, { noise, lambda: 12, numNoise: 16 });
 * ```
 */
export class MacerLoss implements TrainingLoss<TrainingBatch, PreparedMacer> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  readonly #run: LogitsFn;
  readonly #options: ReturnType<typeof macerLossOptions.parse>;

  /** Checks the options. */
  constructor(classifier: Classifier, options: MacerLossOptions) {
    this.#options = macerLossOptions.parse('MacerLoss', options);
    this.#run = adaptClassifier('MacerLoss', classifier);
    this.classifier = classifier;
  }

  /**
   * Draws the noise of a batch and settles the weight λ of its epoch.
   *
   * @throws OptionError, TensorError for a missing key or epoch, unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: TrainingBatch): PreparedMacer {
    const call = 'MacerLoss.prepare';
    assertOutsideTape(call);
    const given = parseTrainingBatch(call, batch);
    const { deferredEpochs } = this.#options;
    const deferred = deferredEpochs > 0 && requireEpoch(call, given.epoch, 'deferredEpochs') < deferredEpochs;
    const lambda = deferred ? 0 : this.#options.lambda;
    return withDispose(() => ({ ...noisyBatch(call, given, { ...this.#options, key: given.key }), lambda }));
  }

  /** The loss of a prepared batch: one training-mode forward pass. A scalar owned by the caller. */
  value(prepared: PreparedMacer): tf.Scalar {
    return tf.tidy(() => {
      const { classification, robustness } = this.terms(prepared);
      return tf.mean(tf.add(classification, tf.mul(prepared.lambda, robustness))) as tf.Scalar;
    });
  }

  /** The parts of the loss per image, for logs and for objectives of one's own; the tensors are the caller's. */
  terms({ x, labels, noise, largestLabel, lambda }: PreparedMacer): MacerTerms {
    const call = 'MacerLoss.value';
    const { beta, gamma } = this.#options;
    // The constructor has refused noises without it.
    const sigma = this.#options.noise.parameters['sigma'] as number;
    return tf.tidy(() => {
      const logits = noisyLogits(call, this.#run, { x, noise }, { training: true });
      assertLabelsFit(call, largestLabel, logits.shape[2]);
      const classification = macerClassification(logits, labels);
      const robustness =
        lambda === 0
          ? (tf.zerosLike(classification) as tf.Tensor1D)
          : macerRobustness(logits, labels, { sigma, beta, gamma });
      return { classification, robustness };
    });
  }
}
