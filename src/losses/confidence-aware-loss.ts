import * as tf from '@tensorflow/tfjs';
import type { NoiseAttack } from '../attacks/types.ts';
import { adaptClassifier, noisyLogits } from '../classifier/adapt-classifier.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { lossKeys } from '../random/purposes.ts';
import { assertBatchNoise, assertShape, assertSoftTargets } from '../tensors/assert-shapes.ts';
import { labelEntries, meanSoftmax } from '../tensors/cross-entropy.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { asConstant, indicator } from '../tensors/masks.ts';
import { copyOf, withDispose } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import { bottomKCrossEntropy, sampleK, voteFrequency, worstCaseKl } from './confidence-aware-terms.ts';
import { drawUniforms, noisyBatch, requireEpoch, trainingBatchFields } from './training-batch.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from './types.ts';

/** Options of {@link ConfidenceAwareLoss}. */
export interface ConfidenceAwareLossOptions {
  /** The noise of the smoothed classifier. */
  readonly noise: AdditiveNoise;
  /** Finds the worst-case noises ε*; not run where `lambda` is 0. */
  readonly attack: NoiseAttack;
  /** Weight of the worst-case term, λ. The paper uses 0.5, 1, 2 for σ = 0.25, 0.5, 1 on CIFAR-10. */
  readonly lambda: number;
  /**
   * Noisy copies of each image, M.
   * @defaultValue 4
   */
  readonly numNoise?: number | undefined;
  /**
   * Take the confidence p̂ from the soft target of the label instead of the votes of the M copies.
   * @defaultValue false
   */
  readonly confidenceMask?: boolean | undefined;
  /**
   * Changes of the attack's lengths during training, by rising epoch: the last step whose epoch is reached holds. It needs `epoch` in the
   * batches. The ImageNet recipe of the official code is `[{ epoch: 80, factor: 2 }]`: from epoch 80 on, 2ε at once.
   * @defaultValue []
   */
  readonly epsilonSchedule?: readonly EpsilonStep[] | undefined;
}

const epsilonSchedule = fields.field<readonly EpsilonStep[]>(
  'must be a list of { epoch, factor } with rising epochs and factors greater than 0',
  (v) =>
    Array.isArray(v) &&
    v.every(
      (step: Partial<EpsilonStep> | null, i) =>
        fields.isInteger(step?.epoch, 0, Number.MAX_SAFE_INTEGER) &&
        fields.isFiniteNumber(step?.factor) &&
        step.factor > 0 &&
        (i === 0 || (step.epoch as number) > (v[i - 1] as EpsilonStep).epoch),
    ),
);

const confidenceAwareLossOptions = optionsOf<ConfidenceAwareLossOptions>()({
  noise: fields.additiveNoise<AdditiveNoise>(),
  attack: fields.object<NoiseAttack>(
    'must be an attack on the noise (for example new NoisePgd({ epsilon: 1, steps: 4 }))',
    ['perturb'],
  ),
  lambda: fields.nonNegative,
  numNoise: fields.withDefault(fields.positiveInteger, 4),
  confidenceMask: fields.withDefault(fields.boolean, false),
  epsilonSchedule: fields.withDefault(epsilonSchedule, []),
});

/** From an epoch on, the lengths of the attack are multiplied by a factor. */
export interface EpsilonStep {
  /** First epoch, from 0, in which the factor holds. */
  readonly epoch: number;
  /** Factor of `epsilon` and of the step size. */
  readonly factor: number;
}

/** A batch for {@link ConfidenceAwareLoss.prepare}. Every random quantity can be given instead of being drawn. */
export interface ConfidenceAwareBatch extends TrainingBatch {
  /** The worst-case noise ε*, [M, B, ...inputShape]; the attack is then not run. Copied, not disposed. */
  readonly noiseAdv?: tf.Tensor | undefined;
  /** K for every image, [B], 1 ≤ K ≤ M; copied, not disposed. */
  readonly k?: tf.Tensor | undefined;
}

const confidenceAwareBatch = optionsOf<ConfidenceAwareBatch>()({
  ...trainingBatchFields,
  noiseAdv: fields.optional(fields.tensor),
  k: fields.optional(fields.tensor),
});

/** A batch with its draws, made by {@link ConfidenceAwareLoss.prepare}. */
export interface PreparedConfidenceAware extends PreparedBatch {
  /** Worst-case noise ε*, [M, B, ...inputShape]; absent where λ is 0. */
  readonly noiseAdv: tf.Tensor | undefined;
  /** Uniform numbers [B, M] that decide K. */
  readonly uniforms: tf.Tensor2D;
  /** ŷ, [B, numClasses], where it was given; else the mean softmax over the same M noisy copies, as a constant. */
  readonly softTargets: tf.Tensor2D | undefined;
  /** K, [B], where it was given. */
  readonly k: tf.Tensor1D | undefined;
}

/** The parts of the confidence-aware loss, one entry per image. */
export interface ConfidenceAwareTerms {
  /** L_low, [B]. */
  readonly low: tf.Tensor1D;
  /** L_high, [B]; zero where λ is 0. */
  readonly high: tf.Tensor1D;
  /** 1[K = M], [B]. */
  readonly mask: tf.Tensor1D;
  /** K, [B]. */
  readonly k: tf.Tensor1D;
}

/**
 * Confidence-aware training (CAT-RS).
 *
 * L = mean_b [ L_low + λ · 1[K = M] · L_high ] with
 * - p̂ = (1/M) Σ_i 1[argmax f(x + ε_i) = y], or ŷ_y with `confidenceMask`,
 * - K ~ max(1, Bin(M, p̂)),
 * - L_low = (1/M) Σ of the K smallest of −ln softmax(f(x + ε_i))_y,
 * - L_high = max_i KL(ŷ ‖ softmax f(x + ε*_i)), ε* from the attack on the noise.
 *
 * The first half-key drives the noise (image b: `foldIn` of it and `firstImage` + b), the second the draws of K (sample `firstImage` + b).
 *
 * `value` makes one training-mode forward pass on the noisy images, from which p̂, K, the mask and default soft targets follow
 * as constants, and one on the attacked ones. The attack runs in inference mode, in `prepare`.
 *
 * @see Jeong, Kim, Shin, "Confidence-aware Training of Smoothed Classifiers for Certified Robustness", AAAI 2023;
 * alinlab/smoothing-catrs, train_catrs.py
 * @example
 * ```ts
 * const attack = new NoisePgd({ epsilon: 1, steps: 4 });
 * const loss = new ConfidenceAwareLoss(model, { noise, attack, numNoise: 4, lambda: 0.5 });
 * using prepared = loss.prepare({ x, labels, softTargets, key });
 * optimizer.minimize(() => loss.value(prepared), false, trainableVariables(model));
 * ```
 */
export class ConfidenceAwareLoss implements TrainingLoss<ConfidenceAwareBatch, PreparedConfidenceAware> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  readonly #run: LogitsFn;
  readonly #options: ReturnType<typeof confidenceAwareLossOptions.parse>;

  /** Checks the options. */
  constructor(classifier: Classifier, options: ConfidenceAwareLossOptions) {
    this.#options = confidenceAwareLossOptions.parse('ConfidenceAwareLoss', options);
    this.#run = adaptClassifier('ConfidenceAwareLoss', classifier);
    this.classifier = classifier;
  }

  /**
   * Draws the noise and the uniforms of K, and attacks the noise.
   *
   * @throws OptionError, TensorError for a missing key, unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: ConfidenceAwareBatch): PreparedConfidenceAware {
    const call = 'ConfidenceAwareLoss.prepare';
    assertOutsideTape(call);
    const given = confidenceAwareBatch.parse(call, batch);
    const { attack, lambda, epsilonSchedule } = this.#options;
    const strength = factorAt(call, epsilonSchedule, given.epoch);
    const { noise: noiseKey, second: uniformKey } = lossKeys(given.key);
    return withDispose(() => {
      const drawn = noisyBatch(call, given, { ...this.#options, key: noiseKey });
      const { x, noise, largestLabel } = drawn;
      const [numNoise = 1, size = 1] = noise.shape;
      const { softTargets, noiseAdv, k } = given;
      if (noiseAdv) assertBatchNoise(call, x, noiseAdv, { field: 'noiseAdv', numNoise });
      if (softTargets) assertSoftTargets(call, softTargets, size);
      if (k) assertShape(call, 'k', k, [size]);
      assertLabelsFit(call, largestLabel, softTargets?.shape[1] ?? Infinity);
      const runAttack = (): tf.Tensor => attack.perturb(this.classifier, { x, noise, softTargets, strength });
      return {
        ...drawn,
        noiseAdv: lambda === 0 ? undefined : noiseAdv ? copyOf(noiseAdv) : runAttack(),
        uniforms: drawUniforms(uniformKey, { firstImage: given.firstImage, batch: size, columns: numNoise }),
        softTargets: softTargets && (copyOf(softTargets) as tf.Tensor2D),
        k: k && (copyOf(tf.cast(k, 'float32')) as tf.Tensor1D),
      };
    });
  }

  /** The loss of a prepared batch, a scalar owned by the caller. */
  value(prepared: PreparedConfidenceAware): tf.Scalar {
    return tf.tidy(() => {
      const { low, high, mask } = this.terms(prepared);
      return tf.mean(tf.add(low, tf.mul(this.#options.lambda, tf.mul(mask, high)))) as tf.Scalar;
    });
  }

  /** The parts of the loss per image, for logs and for objectives of one's own; the tensors are the caller's. */
  terms(prepared: PreparedConfidenceAware): ConfidenceAwareTerms {
    const { x, labels, noise, noiseAdv, uniforms } = prepared;
    const call = 'ConfidenceAwareLoss.value';
    return tf.tidy(() => {
      const logits = noisyLogits(call, this.#run, { x, noise }, { training: true });
      const [numNoise, batch, numClasses] = logits.shape;
      assertLabelsFit(call, prepared.largestLabel, numClasses);
      if (prepared.softTargets) assertSoftTargets(call, prepared.softTargets, batch, numClasses);
      const softTargets = prepared.softTargets ?? (asConstant(meanSoftmax, logits) as tf.Tensor2D);
      const confidence = (): tf.Tensor1D =>
        this.#options.confidenceMask
          ? (labelEntries(softTargets, labels) as tf.Tensor1D)
          : voteFrequency(logits, labels);
      const k = prepared.k?.clone() ?? sampleK(confidence(), uniforms);
      const low = bottomKCrossEntropy(logits, labels, k);
      const high = noiseAdv
        ? worstCaseKl(noisyLogits(call, this.#run, { x, noise: noiseAdv }, { training: true }), softTargets)
        : (tf.zerosLike(low) as tf.Tensor1D);
      const mask = asConstant((count) => indicator(tf.greaterEqual(count, numNoise)), k) as tf.Tensor1D;
      return { low, high, mask, k };
    });
  }
}

/** The factor that a schedule of rising epochs gives an epoch; 1 before its first step. */
function factorAt(call: string, schedule: readonly EpsilonStep[], epoch: number | undefined): number {
  if (schedule.length === 0) return 1;
  const reached = requireEpoch(call, epoch, 'epsilonSchedule');
  return schedule.findLast((step) => step.epoch <= reached)?.factor ?? 1;
}
