import type * as tf from '@tensorflow/tfjs';
import type { InputAttack } from '../attacks/types.ts';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { adaptForGradients } from '../classifier/check-gradients.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { lossKeys } from '../random/purposes.ts';
import { assertLike } from '../tensors/assert-shapes.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import type { InputRange } from '../types.ts';
import { voteFrequency } from './confidence-aware-terms.ts';
import { noisyCrossEntropy } from './gaussian-loss.ts';
import { preparedStep } from './prepared-step.ts';
import { inputAttackField, noisyBatch, trainingBatchFields, warmUp } from './training-batch.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from './types.ts';

/** Options of {@link SmoothAdvLoss}. */
export interface SmoothAdvLossOptions {
  /** The noise of the smoothed classifier. */
  readonly noise: AdditiveNoise;
  /**
   * Finds the attacked images, with the noise of the batch and the `inputRange` of the loss: `SmoothedPgd`, `SmoothedDdn` or one of your
   * own. Its `numNoise` is not used here.
   */
  readonly attack: InputAttack;
  /**
   * Noisy copies of each image, M: the attack and the cross entropy see the same ones.
   * @defaultValue 1
   */
  readonly numNoise?: number | undefined;
  /**
   * Epochs over which the attack grows to its full length: in epoch e its lengths are multiplied by min(1, (e + 1) / `warmupEpochs`).
   * It needs `epoch` in the batches; 0 means full length from the start. The official commands use 10 for PGD.
   *
   * For `SmoothedDdn` the lengths are `epsilon` and `initialNorm`. The official script sets both to the same warmed-up ε in every epoch,
   * whatever initial norm its command line asks for: leave `initialNorm` at its default to train as it does.
   * @defaultValue 0
   */
  readonly warmupEpochs?: number | undefined;
  /**
   * Smallest and largest value of an input coordinate, to which the attack keeps its images.
   * @defaultValue [0, 1]
   */
  readonly inputRange?: InputRange | undefined;
}

const smoothAdvLossOptions = optionsOf<SmoothAdvLossOptions>()({
  noise: fields.trainingNoise<AdditiveNoise>(),
  attack: inputAttackField,
  numNoise: fields.withDefault(fields.positiveInteger, 1),
  warmupEpochs: fields.withDefault(fields.nonNegativeInteger, 0),
  inputRange: fields.withDefault(fields.range, [0, 1]),
});

/** A batch for {@link SmoothAdvLoss.prepare}. */
export interface SmoothAdvBatch extends TrainingBatch {
  /** The attacked images x + δ, [B, ...inputShape]; the attack is then not run. Copied, not disposed. */
  readonly xAdv?: tf.Tensor | undefined;
}

const smoothAdvBatch = optionsOf<SmoothAdvBatch>()({ ...trainingBatchFields, xAdv: fields.optional(fields.tensor) });

/** A batch with its noise and its attacked images, made by {@link SmoothAdvLoss.prepare}; `x` holds the images as they were given. */
export interface PreparedSmoothAdv extends PreparedBatch<SmoothAdvTerms> {
  /** The attacked images x + δ, without noise, [B, ...inputShape]. */
  readonly xAdv: tf.Tensor;
}

const VALUE = 'SmoothAdvLoss.value';

/** The terms of the SmoothAdv loss, one entry per image. */
export interface SmoothAdvTerms {
  /** Mean cross entropy of the attacked noisy copies, [B]. */
  readonly crossEntropy: tf.Tensor1D;
}

/**
 * Adversarial training of the smoothed classifier (SmoothAdv): the mean cross entropy of attacked noisy images,
 * (1/MB) Σ_b Σ_i −ln softmax(f(x_b + δ_b + ε_bi))_y.
 *
 * One perturbation δ_b per image, found against the very noises ε_bi that the loss then adds. The first half-key drives the noise
 * (image b: `foldIn` of it and b), the second the attack.
 *
 * `value` makes one training-mode forward pass over M · B inputs; accuracy under noise is that of the attacked images. The attack runs in inference mode, in `prepare`.
 *
 * @see Salman et al., "Provably Robust Deep Learning via Adversarially Trained Smoothed Classifiers", NeurIPS 2019;
 * Hadisalman/smoothing-adversarial, train_pgd.py; alinlab/smoothing-catrs, train_salman.py
 * @example
 * ```ts
 * const attack = new SmoothedPgd({ epsilon: 1, steps: 10 });
 * const loss = new SmoothAdvLoss(model, { noise, attack, numNoise: 4, warmupEpochs: 10 });
 * using step = loss.prepare({ x, labels, key, epoch });
 * optimizer.minimize(() => step.value(), false, trainableVariables(model));
 * ```
 */
export class SmoothAdvLoss implements TrainingLoss<SmoothAdvBatch, PreparedSmoothAdv> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  /** The noise of the smoothed classifier. */
  readonly noise: AdditiveNoise;
  /** Finds the attacked images. */
  readonly attack: InputAttack;
  /** Noisy copies of each image. */
  readonly numNoise: number;
  /** Epochs over which the attack grows to its full length. */
  readonly warmupEpochs: number;
  /** Smallest and largest value of an input coordinate. */
  readonly inputRange: InputRange;
  readonly #run: LogitsFn;

  /** Checks the options. */
  constructor(classifier: Classifier, options: SmoothAdvLossOptions) {
    const given = smoothAdvLossOptions.parse('SmoothAdvLoss', options);
    this.#run = adaptForGradients('SmoothAdvLoss', classifier);
    this.classifier = classifier;
    this.noise = given.noise;
    this.attack = given.attack;
    this.numNoise = given.numNoise;
    this.warmupEpochs = given.warmupEpochs;
    this.inputRange = given.inputRange;
  }

  /**
   * Draws the noise and attacks the images under it. `value()` of the result makes one training-mode forward pass.
   *
   * @throws OptionError, TensorError for a missing key, a missing epoch during warm-up, unknown names, labels or shapes that do not fit,
   * or inside a tape
   */
  prepare(batch: SmoothAdvBatch): PreparedSmoothAdv {
    const call = 'SmoothAdvLoss.prepare';
    assertOutsideTape(call);
    const given = smoothAdvBatch.parse(call, batch);
    const { firstImage } = given;
    const strength = warmUp(call, given.epoch, this.warmupEpochs);
    const { noise: noiseKey, second: attackKey } = lossKeys(given.key);
    const build = () => {
      const drawn = noisyBatch(call, given, { noise: this.noise, numNoise: this.numNoise, key: noiseKey });
      const { x, labels, noise } = drawn;
      const target = { logits: this.#run, noise: this.noise, inputRange: this.inputRange };
      const xAdv =
        (given.xAdv && copyOf(given.xAdv)) ??
        this.attack.perturb(target, { x, labels, noise, key: attackKey, strength, firstImage });
      assertLike(call, 'xAdv', xAdv, x);
      return { ...drawn, xAdv };
    };
    return preparedStep('SmoothAdvLoss', build, ({ xAdv, labels, noise, largestLabel }) => {
      const logits = noisyLogits(VALUE, this.#run, { x: xAdv, noise }, { training: true });
      assertLabelsFit(VALUE, largestLabel, logits.shape[2]);
      return {
        terms: { crossEntropy: noisyCrossEntropy(logits, labels) },
        numbers: { accuracy: voteFrequency(logits, labels) },
      };
    });
  }
}
