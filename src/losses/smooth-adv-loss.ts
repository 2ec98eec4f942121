import * as tf from '@tensorflow/tfjs';
import type { InputAttack } from '../attacks/types.ts';
import { adaptClassifier, noisyLogits } from '../classifier/adapt-classifier.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { lossKeys } from '../random/purposes.ts';
import { assertLike } from '../tensors/assert-shapes.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { copyOf, withDispose } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import { noisyCrossEntropy } from './gaussian-loss.ts';
import { inputAttackField, noisyBatch, trainingBatchFields, warmUp } from './training-batch.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from './types.ts';

/** Options of {@link SmoothAdvLoss}. */
export interface SmoothAdvLossOptions {
  /** The noise of the smoothed classifier. */
  readonly noise: AdditiveNoise;
  /**
   * Finds the attacked images, with the noise of the batch: `SmoothedPgd`, `SmoothedDdn` or one of your own. Its own `noise` and
   * `numNoise` are not used here.
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
}

const smoothAdvLossOptions = optionsOf<SmoothAdvLossOptions>()({
  noise: fields.additiveNoise<AdditiveNoise>(),
  attack: inputAttackField,
  numNoise: fields.withDefault(fields.positiveInteger, 1),
  warmupEpochs: fields.withDefault(fields.nonNegativeInteger, 0),
});

/** A batch for {@link SmoothAdvLoss.prepare}. */
export interface SmoothAdvBatch extends TrainingBatch {
  /** The attacked images x + δ, [B, ...inputShape]; the attack is then not run. Copied, not disposed. */
  readonly xAdv?: tf.Tensor | undefined;
}

const smoothAdvBatch = optionsOf<SmoothAdvBatch>()({ ...trainingBatchFields, xAdv: fields.optional(fields.tensor) });

/** A batch with its noise and its attacked images, made by {@link SmoothAdvLoss.prepare}; `x` holds the images as they were given. */
export interface PreparedSmoothAdv extends PreparedBatch {
  /** The attacked images x + δ, without noise, [B, ...inputShape]. */
  readonly xAdv: tf.Tensor;
}

/** The parts of the SmoothAdv loss, one entry per image. */
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
 * `value` makes one training-mode forward pass over M · B inputs. The attack runs in inference mode, in `prepare`.
 *
 * @see Salman et al., "Provably Robust Deep Learning via Adversarially Trained Smoothed Classifiers", NeurIPS 2019;
 * Hadisalman/smoothing-adversarial, train_pgd.py; alinlab/smoothing-catrs, train_salman.py
 * @example
 * ```ts
 * const attack = new SmoothedPgd({ noise, epsilon: 1, steps: 10, clip: [0, 1] });
 * const loss = new SmoothAdvLoss(model, { noise, attack, numNoise: 4, warmupEpochs: 10 });
 * using prepared = loss.prepare({ x, labels, key, epoch });
 * optimizer.minimize(() => loss.value(prepared), false, trainableVariables(model));
 * ```
 */
export class SmoothAdvLoss implements TrainingLoss<SmoothAdvBatch, PreparedSmoothAdv> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  readonly #run: LogitsFn;
  readonly #options: ReturnType<typeof smoothAdvLossOptions.parse>;

  /** Checks the options. */
  constructor(classifier: Classifier, options: SmoothAdvLossOptions) {
    this.#options = smoothAdvLossOptions.parse('SmoothAdvLoss', options);
    this.#run = adaptClassifier('SmoothAdvLoss', classifier);
    this.classifier = classifier;
  }

  /**
   * Draws the noise and attacks the images under it.
   *
   * @throws OptionError, TensorError for a missing key, a missing epoch during warm-up, unknown names, labels or shapes that do not fit,
   * or inside a tape
   */
  prepare(batch: SmoothAdvBatch): PreparedSmoothAdv {
    const call = 'SmoothAdvLoss.prepare';
    assertOutsideTape(call);
    const given = smoothAdvBatch.parse(call, batch);
    const { attack, warmupEpochs } = this.#options;
    const { firstImage } = given;
    const strength = warmUp(call, given.epoch, warmupEpochs);
    const { noise: noiseKey, second: attackKey } = lossKeys(given.key);
    return withDispose(() => {
      const drawn = noisyBatch(call, given, { ...this.#options, key: noiseKey });
      const { x, labels, noise } = drawn;
      const xAdv =
        (given.xAdv && copyOf(given.xAdv)) ??
        attack.perturb(this.classifier, { x, labels, noise, key: attackKey, strength, firstImage });
      assertLike(call, 'xAdv', xAdv, x);
      return { ...drawn, xAdv };
    });
  }

  /** The loss of a prepared batch: one training-mode forward pass. A scalar owned by the caller. */
  value(prepared: PreparedSmoothAdv): tf.Scalar {
    return tf.tidy(() => tf.mean(this.terms(prepared).crossEntropy) as tf.Scalar);
  }

  /** The parts of the loss per image, for logs and for objectives of one's own; the tensors are the caller's. */
  terms({ xAdv, labels, noise, largestLabel }: PreparedSmoothAdv): SmoothAdvTerms {
    const call = 'SmoothAdvLoss.value';
    return tf.tidy(() => {
      const logits = noisyLogits(call, this.#run, { x: xAdv, noise }, { training: true });
      assertLabelsFit(call, largestLabel, logits.shape[2]);
      return { crossEntropy: noisyCrossEntropy(logits, labels) };
    });
  }
}
