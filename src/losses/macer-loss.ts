import * as tf from '@tensorflow/tfjs';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { adaptForGradients } from '../classifier/check-gradients.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import { voteFrequency } from './confidence-aware-terms.ts';
import { macerClassification, macerRobustness, type MacerRobustnessOptions, macerWidths } from './macer-terms.ts';
import { preparedStep } from './prepared-step.ts';
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
  'must be an additive Gaussian noise, whose radius MACER maximises (new GaussianNoise({ sigma: 0.25 }); for others train with CopiesLoss)',
  (v) => fields.isAdditiveNoise(v) && hasGaussianSigma(v as AdditiveNoise),
);

const hasGaussianSigma = ({ name, parameters }: AdditiveNoise): boolean =>
  name === 'gaussian' &&
  (Array.isArray(parameters?.['sigma']) || fields.positive.safeParse(parameters?.['sigma']).success);

const macerLossOptions = optionsOf<MacerLossOptions>()({
  noise: gaussianNoise,
  lambda: fields.nonNegative,
  ...macerWidths,
  numNoise: fields.withDefault(fields.positiveInteger, 16),
  deferredEpochs: fields.withDefault(fields.nonNegativeInteger, 0),
});

/** A batch with its noise and the weight that its epoch gives. */
export interface PreparedMacer extends PreparedBatch<MacerTerms> {
  /** The weight of the robustness part, λ, or 0 while it is deferred. */
  readonly lambda: number;
}

const VALUE = 'MacerLoss.value';

/** The terms of the MACER loss, one entry per image. */
export interface MacerTerms {
  /** L_C, [B]. */
  readonly classification: tf.Tensor1D;
  /** λ L_R, [B]; zero where λ is 0. */
  readonly robustness: tf.Tensor1D;
}

/**
 * MACER, which maximises the certified radius directly: L = (Σ_b L_C + λ Σ_b L_R) / B with
 * - L_C = −ln((1/M) Σ_i softmax(f(x + ε_i))_y + 1e-10), {@link macerClassification},
 * - L_R = σ/2 · (γ + ξ) on correctly classified images with |ξ| ≤ γ, {@link macerRobustness}.
 *
 * With a scale for each coordinate σ is 1: the radius is that in norm `'scaled'`.
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
  /** The Gaussian noise of the smoothed classifier. */
  readonly noise: AdditiveNoise;
  /** Weight of the robustness part, λ, after `deferredEpochs`. */
  readonly lambda: number;
  /** Inverse temperature of the softmax, β. */
  readonly beta: number;
  /** Width of the hinge, γ. */
  readonly gamma: number;
  /** Noisy copies of each image. */
  readonly numNoise: number;
  /** Epochs in which λ is 0. */
  readonly deferredEpochs: number;
  readonly #run: LogitsFn;

  /** Checks the options. */
  constructor(classifier: Classifier, options: MacerLossOptions) {
    const given = macerLossOptions.parse('MacerLoss', options);
    this.#run = adaptForGradients('MacerLoss', classifier);
    this.classifier = classifier;
    this.noise = given.noise;
    this.lambda = given.lambda;
    this.beta = given.beta;
    this.gamma = given.gamma;
    this.numNoise = given.numNoise;
    this.deferredEpochs = given.deferredEpochs;
  }

  /**
   * Draws the noise of a batch and settles the weight λ of its epoch. `value()` of the result makes one training-mode forward pass.
   *
   * @throws OptionError, TensorError for a missing key or epoch, unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: TrainingBatch): PreparedMacer {
    const call = 'MacerLoss.prepare';
    assertOutsideTape(call);
    const given = parseTrainingBatch(call, batch);
    const { beta, gamma, numNoise, deferredEpochs } = this;
    const deferred = deferredEpochs > 0 && requireEpoch(call, given.epoch, 'deferredEpochs') < deferredEpochs;
    // The constructor has refused noises without it.
    const scale = this.noise.parameters['sigma'];
    // Where each coordinate has its own, the radius in norm 'scaled' is maximised.
    const sigma = typeof scale === 'number' ? scale : 1;
    return preparedStep(
      'MacerLoss',
      () => ({
        ...noisyBatch(call, given, { noise: this.noise, numNoise, key: given.key }),
        lambda: deferred ? 0 : this.lambda,
      }),
      ({ x, labels, noise, largestLabel, lambda }) => {
        const logits = noisyLogits(VALUE, this.#run, { x, noise }, { training: true });
        assertLabelsFit(VALUE, largestLabel, logits.shape[2]);
        const classification = macerClassification(logits, labels);
        const robustness =
          lambda === 0
            ? (tf.zerosLike(classification) as tf.Tensor1D)
            : tf.mul<tf.Tensor1D>(lambda, macerRobustness(logits, labels, { sigma, beta, gamma }));
        return { terms: { classification, robustness }, numbers: { accuracy: voteFrequency(logits, labels) } };
      },
    );
  }
}
