import * as tf from '@tensorflow/tfjs';
import type { NoiseAttack } from '../attacks/types.ts';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { adaptForGradients } from '../classifier/check-gradients.ts';
import { hasIndependentRows } from '../classifier/independent-rows.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { lossKeys } from '../random/purposes.ts';
import { assertBatchNoise, assertShape, assertSoftTargets } from '../tensors/assert-shapes.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import { sparseStep } from './confidence-aware-sparse.ts';
import {
  confidenceNumbers,
  type ConfidenceAwareTensors,
  type PreparedConfidenceAware,
} from './confidence-aware-step.ts';
import { bottomKCrossEntropy, worstCaseKl } from './confidence-aware-terms.ts';
import { preparedStep } from './prepared-step.ts';
import { drawUniforms, noisyBatch, requireEpoch, trainingBatchFields } from './training-batch.ts';
import type { TrainingBatch, TrainingLoss } from './types.ts';

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
  /**
   * Whether each row of the logits follows from its input alone, in training mode as in inference mode: no batch normalisation, no dropout, nothing
   * else that draws or looks at the batch. Then `prepareAsync` computes only what has a gradient. False: it is `prepare`.
   * @defaultValue what the layers of a `tf.LayersModel` tell, also behind functions of the library; false for all else, functions and layers of your own
   */
  readonly independentRows?: boolean | undefined;
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
  noise: fields.trainingNoise<AdditiveNoise>(),
  attack: fields.object<NoiseAttack>(
    'must be an attack on the noise (for example new NoisePgd({ epsilon: 1, steps: 4 }))',
    ['perturb'],
  ),
  lambda: fields.nonNegative,
  numNoise: fields.withDefault(fields.positiveInteger, 4),
  confidenceMask: fields.withDefault(fields.boolean, false),
  epsilonSchedule: fields.withDefault(epsilonSchedule, []),
  independentRows: fields.optional(fields.boolean),
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

const VALUE = 'ConfidenceAwareLoss.value';

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
 * using step = loss.prepare({ x, labels, softTargets, key });
 * optimizer.minimize(() => step.value(), false, trainableVariables(model));
 * const { mask, pHat, accuracy } = await step.metrics();
 * ```
 */
export class ConfidenceAwareLoss implements TrainingLoss<ConfidenceAwareBatch, PreparedConfidenceAware> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  /** The noise of the smoothed classifier. */
  readonly noise: AdditiveNoise;
  /** Finds the worst-case noises ε*. */
  readonly attack: NoiseAttack;
  /** Weight of the worst-case term, λ. */
  readonly lambda: number;
  /** Noisy copies of each image. */
  readonly numNoise: number;
  /** Whether p̂ is the soft target of the label. */
  readonly confidenceMask: boolean;
  /** Changes of the attack's lengths during training. */
  readonly epsilonSchedule: readonly EpsilonStep[];
  /** Whether rows are said to be independent; undefined: as the layers tell. */
  readonly independentRows: boolean | undefined;
  readonly #run: LogitsFn;
  readonly #hasIndependentRows: boolean;

  /** Checks the options. */
  constructor(classifier: Classifier, options: ConfidenceAwareLossOptions) {
    const given = confidenceAwareLossOptions.parse('ConfidenceAwareLoss', options);
    this.#run = adaptForGradients('ConfidenceAwareLoss', classifier);
    this.classifier = classifier;
    this.noise = given.noise;
    this.attack = given.attack;
    this.lambda = given.lambda;
    this.numNoise = given.numNoise;
    this.confidenceMask = given.confidenceMask;
    this.epsilonSchedule = given.epsilonSchedule;
    this.independentRows = given.independentRows;
    this.#hasIndependentRows = hasIndependentRows('ConfidenceAwareLoss', classifier, given.independentRows);
  }

  /**
   * Draws the noise and the uniforms of K, and attacks the noise. `value()` of the result makes two training-mode forward passes, one where λ is 0.
   *
   * @throws OptionError, TensorError for a missing key, unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: ConfidenceAwareBatch): PreparedConfidenceAware {
    const call = 'ConfidenceAwareLoss.prepare';
    assertOutsideTape(call);
    return this.#dense(call, confidenceAwareBatch.parse(call, batch));
  }

  /**
   * Prepares the same step and reads K on the way, to compute no row that has no gradient: the loss and its gradients are those of `prepare`, up
   * to rounding. Where rows depend on their batch (see `independentRows`), where the attack has no `start`, where `noiseAdv` is given and where λ is
   * 0, it is `prepare`.
   *
   * The attack goes on with the images with K = M alone, and `value()` makes one pass over the K counted copies of each image and one over a
   * single copy of each attacked image. K, p̂ and the copies that count are those of the weights at this call, which must not change before
   * it is done.
   *
   * @throws what `prepare` throws, by the promise
   */
  async prepareAsync(batch: ConfidenceAwareBatch): Promise<PreparedConfidenceAware> {
    // A subclass that prepares in another way.
    if (this.prepare !== ConfidenceAwareLoss.prototype.prepare) return this.prepare(batch);
    const call = 'ConfidenceAwareLoss.prepareAsync';
    assertOutsideTape(call);
    const given = confidenceAwareBatch.parse(call, batch);
    const { attack, lambda, classifier, confidenceMask } = this;
    if (lambda === 0 || given.noiseAdv || !attack.start || !this.#hasIndependentRows) return this.#dense(call, given);
    return sparseStep({
      ...{ call, classifier, run: this.#run, lambda, confidenceMask },
      start: attack.start.bind(attack),
      strength: factorAt(call, this.epsilonSchedule, given.epoch),
      draw: () => this.#draw(call, given),
    });
  }

  /** The batch with its draws, as new tensors. */
  #draw(call: string, given: ReturnType<typeof confidenceAwareBatch.parse>) {
    const { noise: noiseKey, second: uniformKey } = lossKeys(given.key);
    const { softTargets, k, firstImage } = given;
    const drawn = noisyBatch(call, given, { noise: this.noise, numNoise: this.numNoise, key: noiseKey });
    const [numNoise = 1, size = 1] = drawn.noise.shape;
    if (softTargets) assertSoftTargets(call, softTargets, size);
    if (k) assertShape(call, 'k', k, [size]);
    assertLabelsFit(call, drawn.largestLabel, softTargets?.shape[1] ?? Infinity);
    return {
      ...drawn,
      uniforms: drawUniforms(uniformKey, { firstImage, batch: size, columns: numNoise }),
      softTargets: softTargets && (copyOf(softTargets) as tf.Tensor2D),
      k: k && (copyOf(tf.cast(k, 'float32')) as tf.Tensor1D),
    };
  }

  #dense(call: string, given: ReturnType<typeof confidenceAwareBatch.parse>): PreparedConfidenceAware {
    const strength = factorAt(call, this.epsilonSchedule, given.epoch);
    const build = () => {
      const drawn = this.#draw(call, given);
      const { x, noise, softTargets } = drawn;
      const { noiseAdv } = given;
      if (noiseAdv) assertBatchNoise(call, x, noiseAdv, { field: 'noiseAdv', numNoise: noise.shape[0] ?? 1 });
      const attacked = (): tf.Tensor => this.attack.perturb(this.classifier, { x, noise, softTargets, strength });
      return { ...drawn, noiseAdv: this.lambda === 0 ? undefined : noiseAdv ? copyOf(noiseAdv) : attacked() };
    };
    return preparedStep('ConfidenceAwareLoss', build, (prepared) => this.#pass(prepared));
  }

  #pass(prepared: ConfidenceAwareTensors) {
    const { x, labels, noise, noiseAdv } = prepared;
    const logits = noisyLogits(VALUE, this.#run, { x, noise }, { training: true });
    const [, batch, numClasses] = logits.shape;
    assertLabelsFit(VALUE, prepared.largestLabel, numClasses);
    if (prepared.softTargets) assertSoftTargets(VALUE, prepared.softTargets, batch, numClasses);
    const { softTargets, mask, ...numbers } = confidenceNumbers(logits, prepared, this.confidenceMask);
    const low = bottomKCrossEntropy(logits, labels, numbers.k);
    const worst = noiseAdv
      ? worstCaseKl(noisyLogits(VALUE, this.#run, { x, noise: noiseAdv }, { training: true }), softTargets)
      : tf.zerosLike(low);
    const high = tf.mul<tf.Tensor1D>(this.lambda, tf.mul(mask, worst));
    return { terms: { low, high }, numbers: { ...numbers, mask } };
  }
}

/** The factor that a schedule of rising epochs gives an epoch; 1 before its first step. */
function factorAt(call: string, schedule: readonly EpsilonStep[], epoch: number | undefined): number {
  if (schedule.length === 0) return 1;
  const reached = requireEpoch(call, epoch, 'epsilonSchedule');
  return schedule.findLast((step) => step.epoch <= reached)?.factor ?? 1;
}
