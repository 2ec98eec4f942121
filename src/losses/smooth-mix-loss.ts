import * as tf from '@tensorflow/tfjs';
import type { MixAttack } from '../attacks/types.ts';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { adaptForGradients } from '../classifier/check-gradients.ts';
import { hasIndependentRows } from '../classifier/independent-rows.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import { OptionError, refusal } from '../errors.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { lossKeys } from '../random/purposes.ts';
import { assertFloat, assertLike, assertShape } from '../tensors/assert-shapes.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import type { InputRange, Key } from '../types.ts';
import { voteFrequency } from './confidence-aware-terms.ts';
import { noisyCrossEntropy } from './gaussian-loss.ts';
import { preparedStep } from './prepared-step.ts';
import { sparseMixStep } from './smooth-mix-sparse.ts';
import { mix, type PreparedSmoothMix, type SmoothMixTensors } from './smooth-mix-step.ts';
import { correctMask, mixTargets, mixupKl } from './smooth-mix-terms.ts';
import { drawUniforms, noisyBatch, trainingBatchFields, warmUp } from './training-batch.ts';
import type { TrainingBatch, TrainingLoss } from './types.ts';

/** Options of {@link SmoothMixLoss}. */
export interface SmoothMixLossOptions {
  /** The noise of the smoothed classifier. */
  readonly noise: AdditiveNoise;
  /** Finds x_s and x_adv, with the noise of the batch and the `inputRange` of the loss: `SmoothMixPgd` or one of your own. */
  readonly attack: MixAttack;
  /**
   * Weight of the mixup term, η.
   * @defaultValue 5
   */
  readonly eta?: number | undefined;
  /**
   * Noisy copies of each image, M: the attack and both terms see the same ones.
   * @defaultValue 2
   */
  readonly numNoise?: number | undefined;
  /**
   * Epochs over which η and the distance of x_s from x grow to their full size: in epoch e both are multiplied by
   * w = min(1, (e + 1) / `warmupEpochs`). It needs `epoch` in the batches; 0 means full size from the start. The official code uses 10.
   * @defaultValue 0
   */
  readonly warmupEpochs?: number | undefined;
  /**
   * Smallest and largest value of an input coordinate, to which the attack keeps its images.
   * @defaultValue [0, 1]
   */
  readonly inputRange?: InputRange | undefined;
  /**
   * Whether each row of the logits follows from its input alone, in training mode as in inference mode: no batch normalisation, no dropout, nothing
   * else that draws or looks at the batch. Then `prepareAsync` computes only what has a gradient. False: it is `prepare`.
   * @defaultValue what the layers of a `tf.LayersModel` tell, also behind functions of the library; false for all else, functions and layers of your own
   */
  readonly independentRows?: boolean | undefined;
}

const smoothMixLossOptions = optionsOf<SmoothMixLossOptions>()({
  noise: fields.trainingNoise<AdditiveNoise>(),
  attack: fields.object<MixAttack>(
    'must be an attack of SmoothMix (for example new SmoothMixPgd({ stepSize: 0.5, steps: 4 }))',
    ['perturb'],
  ),
  eta: fields.withDefault(fields.nonNegative, 5),
  numNoise: fields.withDefault(fields.positiveInteger, 2),
  warmupEpochs: fields.withDefault(fields.nonNegativeInteger, 0),
  inputRange: fields.withDefault(fields.range, [0, 1]),
  independentRows: fields.optional(fields.boolean),
});

/** A batch for {@link SmoothMixLoss.prepare}. Every quantity that is drawn or searched for can be given. */
export interface SmoothMixBatch extends TrainingBatch {
  /** x_s, [B, ...inputShape], together with `adversary`; the attack is then not run. Copied, not disposed. */
  readonly clean?: tf.Tensor | undefined;
  /** x_adv, [B, ...inputShape], together with `clean`. Copied, not disposed. */
  readonly adversary?: tf.Tensor | undefined;
  /** Mixing weights λ, [B], in [0, 1]; else drawn uniformly from [0, 1/2). Copied, not disposed. */
  readonly mixing?: tf.Tensor | undefined;
}

const smoothMixBatch = optionsOf<SmoothMixBatch>()({
  ...trainingBatchFields,
  clean: fields.optional(fields.tensor),
  adversary: fields.optional(fields.tensor),
  mixing: fields.optional(fields.tensor),
});

type ParsedBatch = ReturnType<typeof smoothMixBatch.parse> & {
  /** The warm-up factor of its epoch. */
  readonly strength: number;
};

const VALUE = 'SmoothMixLoss.value';

/**
 * Training on mixtures of images and their adversaries (SmoothMix).
 *
 * L = (1/MB) Σ_b Σ_i −ln softmax(f(x_s + ε_i))_y + η · w · (1/MB) Σ_b Σ_i 1[argmax p̄ = y] · KL(t ‖ softmax f(x_m + ε_i)) with
 * - x_s, x_adv the two ends of the attack (x_s = x where `SmoothMixPgd` has `mixStep` 0),
 * - p̄ = (1/M) Σ_i softmax f(x_s + ε_i), through which the gradient flows as well,
 * - x_m = (1 − λ) x_s + λ x_adv, t = (1 − λ) p̄ + λ / C, λ ~ U[0, 1/2) for every image,
 * - w the warm-up factor of the epoch.
 *
 * Of `split(key, 3)` the first key drives the noise (image b: `foldIn` of it and b), the second the attack, the third λ.
 *
 * `value` makes two training-mode forward passes over M · B inputs. The attack runs in inference mode, in `prepare`.
 *
 * @see Jeong et al., "SmoothMix: Training Confidence-calibrated Smoothed Classifiers for Certified Robustness", NeurIPS 2021;
 * jh-jeong/smoothmix, train.py; alinlab/smoothing-catrs, train_smoothmix.py
 * @example
 * ```ts
 * const attack = new SmoothMixPgd({ stepSize: 0.5, steps: 4 });
 * const loss = new SmoothMixLoss(model, { noise, attack, warmupEpochs: 10 });
 * using step = loss.prepare({ x, labels, key, epoch });
 * optimizer.minimize(() => step.value(), false, trainableVariables(model));
 * ```
 */
export class SmoothMixLoss implements TrainingLoss<SmoothMixBatch, PreparedSmoothMix> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  /** The noise of the smoothed classifier. */
  readonly noise: AdditiveNoise;
  /** Finds x_s and x_adv. */
  readonly attack: MixAttack;
  /** Weight of the mixup term, η. */
  readonly eta: number;
  /** Noisy copies of each image. */
  readonly numNoise: number;
  /** Epochs over which η and the way to x_s grow to their full size. */
  readonly warmupEpochs: number;
  /** Smallest and largest value of an input coordinate. */
  readonly inputRange: InputRange;
  /** Whether rows are said to be independent; undefined: as the layers tell. */
  readonly independentRows: boolean | undefined;
  readonly #run: LogitsFn;
  readonly #hasIndependentRows: boolean;

  /** Checks the options. */
  constructor(classifier: Classifier, options: SmoothMixLossOptions) {
    const given = smoothMixLossOptions.parse('SmoothMixLoss', options);
    this.#run = adaptForGradients('SmoothMixLoss', classifier);
    this.classifier = classifier;
    this.noise = given.noise;
    this.attack = given.attack;
    this.eta = given.eta;
    this.numNoise = given.numNoise;
    this.warmupEpochs = given.warmupEpochs;
    this.inputRange = given.inputRange;
    this.independentRows = given.independentRows;
    this.#hasIndependentRows = hasIndependentRows('SmoothMixLoss', classifier, given.independentRows);
  }

  /**
   * Draws the noise and the mixing weights, and attacks the images. `value()` of the result makes two training-mode forward passes.
   *
   * @throws OptionError, TensorError for a missing key, a missing epoch during warm-up, one of `clean` and `adversary` without the other,
   * unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: SmoothMixBatch): PreparedSmoothMix {
    const call = 'SmoothMixLoss.prepare';
    assertOutsideTape(call);
    return this.#dense(call, this.#parse(call, batch));
  }

  /**
   * Prepares the same step and reads on the way which images are mixed: only these are attacked further and pass through the network in the second pass. The
   * loss and its gradients are those of `prepare`, up to rounding. Where rows depend on their batch (see `independentRows`), where x_s is not x (`mixStep`)
   * and where the ends are given, it is `prepare`.
   *
   * Which images are mixed is settled by the weights at this call, which must not change before it is done.
   *
   * @throws what `prepare` throws, by the promise
   */
  async prepareAsync(batch: SmoothMixBatch): Promise<PreparedSmoothMix> {
    // A subclass that prepares in another way.
    if (this.prepare !== SmoothMixLoss.prototype.prepare) return this.prepare(batch);
    const call = 'SmoothMixLoss.prepareAsync';
    assertOutsideTape(call);
    const given = this.#parse(call, batch);
    const start = this.attack.start?.bind(this.attack);
    if (given.clean || !start || !this.#hasIndependentRows) return this.#dense(call, given);
    const step = await sparseMixStep({
      ...{ call, run: this.#run, weight: this.eta * given.strength },
      draw: () => this.#draw(call, given),
      start: ({ x, labels, noise }) => start(this.#target, { ...this.#request(given), x, labels, noise }),
    });
    return { ...step, warmUp: given.strength };
  }

  #parse(call: string, batch: SmoothMixBatch): ParsedBatch {
    const given = smoothMixBatch.parse(call, batch);
    assertBothEnds(call, given);
    return { ...given, strength: warmUp(call, given.epoch, this.warmupEpochs) };
  }

  get #target() {
    return { logits: this.#run, noise: this.noise, inputRange: this.inputRange };
  }

  #request({ key, strength, firstImage }: ParsedBatch) {
    return { key: lossKeys(key).second, strength, firstImage };
  }

  /** The batch with its noise and mixing weights, as new tensors. */
  #draw(call: string, given: ParsedBatch) {
    const { noise: noiseKey, mixing: mixingKey } = lossKeys(given.key);
    const drawn = noisyBatch(call, given, { noise: this.noise, numNoise: this.numNoise, key: noiseKey });
    const [batchSize = 0] = drawn.x.shape;
    const mixing = given.mixing ? copyOf(given.mixing) : drawMixing(mixingKey, given.firstImage, batchSize);
    assertShape(call, 'mixing', mixing, [batchSize]);
    assertFloat(call, 'mixing', mixing);
    return { ...drawn, mixing: mixing as tf.Tensor1D };
  }

  #dense(call: string, given: ParsedBatch): PreparedSmoothMix {
    const build = () => {
      const drawn = this.#draw(call, given);
      const { x, labels, noise } = drawn;
      const { clean, adversary } =
        given.clean && given.adversary
          ? { clean: copyOf(given.clean), adversary: copyOf(given.adversary) }
          : this.attack.perturb(this.#target, { ...this.#request(given), x, labels, noise });
      assertLike(call, 'clean', clean, x);
      assertLike(call, 'adversary', adversary, x);
      return { ...drawn, clean, adversary, warmUp: given.strength };
    };
    return preparedStep('SmoothMixLoss', build, (prepared) => this.#pass(prepared));
  }

  #pass({ labels, noise, largestLabel, clean, adversary, mixing, warmUp: w }: SmoothMixTensors) {
    const logits = noisyLogits(VALUE, this.#run, { x: clean, noise }, { training: true });
    assertLabelsFit(VALUE, largestLabel, logits.shape[2]);
    const mixed = { x: mix(clean, adversary, mixing), noise };
    const logitsMixed = noisyLogits(VALUE, this.#run, mixed, { training: true });
    const crossEntropy = noisyCrossEntropy(logits, labels);
    const divergence = mixupKl(logitsMixed, mixTargets(logits, mixing));
    const mask = correctMask(logits, labels);
    const mixup = tf.mul<tf.Tensor1D>(this.eta * w, tf.mul(mask, divergence));
    return { terms: { crossEntropy, mixup }, numbers: { accuracy: voteFrequency(logits, labels), mask } };
  }
}

/** λ ~ U[0, 1/2) for every image, [B]: half of sample firstImage + b of the key. */
function drawMixing(key: Key, firstImage: number, batch: number): tf.Tensor {
  return tf.div(tf.reshape(drawUniforms(key, { firstImage, batch, columns: 1 }), [batch]), 2);
}

/** Throws where one end of the line is given and the other is not. */
function assertBothEnds(call: string, { clean, adversary }: Pick<SmoothMixBatch, 'clean' | 'adversary'>): void {
  if ((clean === undefined) === (adversary === undefined)) return;
  const [field, other] = clean === undefined ? ['clean', 'adversary'] : ['adversary', 'clean'];
  throw refusal(OptionError, { call, field, value: undefined }, `must be given where \`${other}\` is`);
}
