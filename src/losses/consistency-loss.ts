import * as tf from '@tensorflow/tfjs';
import type { InputAttack } from '../attacks/types.ts';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { adaptForGradients } from '../classifier/check-gradients.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { lossKeys } from '../random/purposes.ts';
import { assertCopies, assertLike } from '../tensors/assert-shapes.ts';
import { klRows, meanSoftmax } from '../tensors/cross-entropy.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import type { InputRange } from '../types.ts';
import { voteFrequency } from './confidence-aware-terms.ts';
import { noisyCrossEntropy } from './gaussian-loss.ts';
import { preparedStep } from './prepared-step.ts';
import { inputAttackField, noisyBatch, parseTrainingBatch, severalCopies, warmUp } from './training-batch.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from './types.ts';

/** Which disagreement of the noisy predictions is penalised, with p_i = softmax f(x + ε_i) and p̄ their mean; see {@link consistencyTerm}. */
export type ConsistencyMode = 'default' | 'xent' | 'kl' | 'mse';

/** Options of {@link consistencyTerm}. */
export interface ConsistencyTermOptions {
  /** Weight of the consistency, λ. */
  readonly lambda: number;
  /**
   * Weight of the entropy, η; used by the mode `default` only.
   * @defaultValue 0.5
   */
  readonly eta?: number | undefined;
  /**
   * The form of the term.
   * @defaultValue 'default'
   */
  readonly mode?: ConsistencyMode | undefined;
}

const termFields = {
  lambda: fields.nonNegative,
  eta: fields.withDefault(fields.nonNegative, 0.5),
  mode: fields.withDefault(fields.oneOf('default', 'xent', 'kl', 'mse'), 'default'),
};

const consistencyTermOptions = optionsOf<ConsistencyTermOptions>()({
  ...termFields,
});

// The official code takes the entropy's logarithm of no less.
const LEAST_IN_ENTROPY = 1e-20;

/**
 * The consistency regulariser of one image, with its weights.
 *
 * With p_i = softmax(z_i), p̄ = (1/M) Σ p_i, K = (1/M) Σ_i KL(p̄ ‖ p_i) and H = −Σ_c p̄_c ln max(p̄_c, 1e-20):
 * - `default`: λ K + η H
 * - `xent`: λ (K + H), the mean cross entropy of the copies against p̄
 * - `kl`: λ K
 * - `mse`: λ ‖p₂ − p₁‖², of the first two copies only
 *
 * p̄ is no constant: the gradient flows through it, as in the official code.
 *
 * @param logits - of the noisy copies, [M, B, numClasses], M at least 2; not disposed
 * @returns the term per image, [B], owned by the caller
 * @throws OptionError for wrong options, TensorError for fewer than 2 copies
 * @see Jeong, Shin, "Consistency Regularization for Certified Robustness of Smoothed Classifiers", NeurIPS 2020;
 * jh-jeong/smoothing-consistency, consistency.py
 * @example
 * ```ts
 * const consistency = consistencyTerm(logits, { lambda: 10 });
 * ```
 */
export function consistencyTerm(logits: tf.Tensor3D, options: ConsistencyTermOptions): tf.Tensor1D {
  const { mode, lambda, eta } = consistencyTermOptions.parse('consistencyTerm', options);
  assertCopies('consistencyTerm', 'logits', logits, 2);
  return tf.tidy(() => {
    if (mode === 'mse') return tf.mul(lambda, squaredDistance(logits)) as tf.Tensor1D;
    const average = meanSoftmax(logits);
    const divergence = tf.mul(lambda, tf.mean(klRows(logits, average), 0));
    if (mode === 'kl') return divergence as tf.Tensor1D;
    return tf.add(divergence, tf.mul(mode === 'xent' ? lambda : eta, entropyRows(average))) as tf.Tensor1D;
  });
}

/** ‖softmax(z₂) − softmax(z₁)‖² for every image, [B]. */
function squaredDistance(logits: tf.Tensor3D): tf.Tensor {
  const [first, second] = [0, 1].map((copy) => tf.softmax(tf.slice(logits, [copy, 0, 0], [1, -1, -1])));
  return tf.sum(tf.square(tf.sub(second as tf.Tensor, first as tf.Tensor)), [0, 2]);
}

function entropyRows(probabilities: tf.Tensor): tf.Tensor {
  return tf.neg(tf.sum(tf.mul(probabilities, tf.log(tf.maximum(probabilities, LEAST_IN_ENTROPY))), -1));
}

/** Options of {@link ConsistencyLoss}. */
export interface ConsistencyLossOptions extends ConsistencyTermOptions {
  /** The noise that is added to the images. */
  readonly noise: AdditiveNoise;
  /** Weight of the consistency, λ. The paper uses 20, 10, 10 for σ = 0.25, 0.5, 1 on CIFAR-10, with the mode `default`. */
  readonly lambda: number;
  /**
   * Noisy copies of each image, M, at least 2.
   * @defaultValue 2
   */
  readonly numNoise?: number | undefined;
  /**
   * Attacks the images first, under the same noises that the loss then uses (the adversarial variant); absent: no attack. The official code has
   * `new SmoothedPgd({ epsilon, steps, order: 'shorten-then-clip' })`.
   */
  readonly attack?: InputAttack | undefined;
  /**
   * Epochs over which the lengths of `attack` grow to their full value: in epoch e they are multiplied by min(1, (e + 1) / warmupEpochs).
   * It needs `epoch` in the batches; 0 is no warm-up. Unused without an attack. The official code uses 10.
   * @defaultValue 0
   */
  readonly warmupEpochs?: number | undefined;
  /**
   * Smallest and largest value of an input coordinate, to which the attack keeps its images. Unused without an attack.
   * @defaultValue [0, 1]
   */
  readonly inputRange?: InputRange | undefined;
}

const consistencyLossOptions = optionsOf<ConsistencyLossOptions>()({
  noise: fields.trainingNoise<AdditiveNoise>(),
  ...termFields,
  numNoise: fields.withDefault(severalCopies, 2),
  attack: fields.optional(inputAttackField),
  warmupEpochs: fields.withDefault(fields.nonNegativeInteger, 0),
  inputRange: fields.withDefault(fields.range, [0, 1]),
});

const VALUE = 'ConsistencyLoss.value';

/** The terms of the consistency loss, one entry per image. */
export interface ConsistencyTerms {
  /** Mean cross entropy of the noisy copies, [B]. */
  readonly crossEntropy: tf.Tensor1D;
  /** The consistency term with its weights λ and η, [B]. */
  readonly consistency: tf.Tensor1D;
}

/**
 * Consistency regularisation: L = mean_b [ (1/M) Σ_i −ln softmax(f(x + ε_i))_y + C ], with C the {@link consistencyTerm} of the M copies,
 * by default λ · (1/M) Σ_i KL(p̄ ‖ p_i) + η · H(p̄).
 *
 * Without an attack the key drives the noise (image b: `foldIn` of it and b); with one, its first half-key drives the noise and the second
 * the attack. The `x` of the prepared batch are then the attacked images.
 *
 * `value` makes one training-mode forward pass over M · B inputs. The attack runs in inference mode, in `prepare`.
 *
 * @see Jeong, Shin, "Consistency Regularization for Certified Robustness of Smoothed Classifiers", NeurIPS 2020;
 * jh-jeong/smoothing-consistency, train_consistency.py
 * @example
 * ```ts
 * const loss = new ConsistencyLoss(model, { noise, lambda: 10, eta: 0.5 });
 * ```
 */
export class ConsistencyLoss implements TrainingLoss<TrainingBatch, PreparedBatch<ConsistencyTerms>> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  /** The noise that is added to the images. */
  readonly noise: AdditiveNoise;
  /** Weight of the consistency, λ. */
  readonly lambda: number;
  /** Weight of the entropy, η. */
  readonly eta: number;
  /** The form of the term. */
  readonly mode: ConsistencyMode;
  /** Noisy copies of each image. */
  readonly numNoise: number;
  /** Attacks the images first; undefined: no attack. */
  readonly attack: InputAttack | undefined;
  /** Epochs over which the attack grows to its full length. */
  readonly warmupEpochs: number;
  /** Smallest and largest value of an input coordinate. */
  readonly inputRange: InputRange;
  readonly #run: LogitsFn;

  /** Checks the options. */
  constructor(classifier: Classifier, options: ConsistencyLossOptions) {
    const given = consistencyLossOptions.parse('ConsistencyLoss', options);
    this.#run = adaptForGradients('ConsistencyLoss', classifier);
    this.classifier = classifier;
    this.noise = given.noise;
    this.lambda = given.lambda;
    this.eta = given.eta;
    this.mode = given.mode;
    this.numNoise = given.numNoise;
    this.attack = given.attack;
    this.warmupEpochs = given.warmupEpochs;
    this.inputRange = given.inputRange;
  }

  /**
   * Draws the noise of a batch and, in the adversarial variant, attacks the images under it: `x` of the result are then the attacked ones.
   * `value()` of the result makes one training-mode forward pass.
   *
   * @throws OptionError, TensorError for a missing key or epoch, unknown names, labels or shapes that do not fit, or inside
   * a tape
   */
  prepare(batch: TrainingBatch): PreparedBatch<ConsistencyTerms> {
    const call = 'ConsistencyLoss.prepare';
    assertOutsideTape(call);
    const given = parseTrainingBatch(call, batch);
    const { attack, numNoise, lambda, eta, mode } = this;
    const { firstImage } = given;
    const strength = attack ? warmUp(call, given.epoch, this.warmupEpochs) : 1;
    const { noise: noiseKey, second: key } = lossKeys(given.key);
    const build = () => {
      const drawn = noisyBatch(call, given, { noise: this.noise, numNoise, key: attack ? noiseKey : given.key });
      if (!attack) return drawn;
      const { x, labels, noise } = drawn;
      const target = { logits: this.#run, noise: this.noise, inputRange: this.inputRange };
      const attacked = attack.perturb(target, { x, labels, key, noise, strength, firstImage });
      assertLike(call, 'attack', attacked, x);
      return { ...drawn, x: attacked };
    };
    return preparedStep('ConsistencyLoss', build, ({ x, labels, noise, largestLabel }) => {
      const logits = noisyLogits(VALUE, this.#run, { x, noise }, { training: true });
      assertLabelsFit(VALUE, largestLabel, logits.shape[2]);
      const crossEntropy = noisyCrossEntropy(logits, labels);
      const consistency = consistencyTerm(logits, { lambda, eta, mode });
      return { terms: { crossEntropy, consistency }, numbers: { accuracy: voteFrequency(logits, labels) } };
    });
  }
}
