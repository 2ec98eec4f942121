import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { shortenRows } from '../tensors/masks.ts';
import { copyOf, withDispose } from '../tensors/own-tensor.ts';
import { rowsOf } from '../tensors/rows.ts';
import { assertOutsideTape, gradientOf, gradientSeeing } from '../tensors/tape.ts';
import type { InputRange } from '../types.ts';
import { guardedDirection } from './norm-geometry.ts';
import { projectedAscent } from './projected-ascent.ts';
import {
  attackNoise,
  clipTo,
  parseInputAttackRequest,
  rangeOf,
  type SmoothedRows,
  smoothedRows,
} from './smoothed-rows.ts';
import type { AttackTarget, InputAttackRequest, MixAttack, MixPair, StartedAttack } from './types.ts';

/** Options of {@link SmoothMixPgd}. */
export interface SmoothMixPgdOptions {
  /** ℓ2 length of one step, in input units. */
  readonly stepSize: number;
  /** Number of gradient steps, T. */
  readonly steps: number;
  /**
   * Number of steps after which the attack passes x_s, below `steps`; 0: x_s is x.
   * @defaultValue 0
   */
  readonly mixStep?: number | undefined;
  /**
   * Number of noisy copies whose mean softmax is attacked, M.
   * @defaultValue 1
   */
  readonly numNoise?: number | undefined;
  /** Largest ℓ2 length of x_adv − x, in input units; absent: no bound but that of the steps. */
  readonly epsilon?: number | undefined;
  /**
   * The noise of the smoothed classifier that is attacked.
   * @defaultValue that of the target
   */
  readonly noise?: AdditiveNoise | undefined;
  /**
   * Range to which both images are clipped, which must hold x; [-Infinity, Infinity]: no clipping.
   * @defaultValue that of the target
   */
  readonly inputRange?: InputRange | undefined;
}

const smoothMixPgdOptions = optionsOf<SmoothMixPgdOptions>()({
  stepSize: fields.positive,
  steps: fields.positiveInteger,
  mixStep: fields.withDefault(fields.nonNegativeInteger, 0),
  numNoise: fields.withDefault(fields.positiveInteger, 1),
  epsilon: fields.optional(fields.positive),
  noise: fields.optional(attackNoise),
  inputRange: fields.optional(fields.range),
});

const CALL = 'SmoothMixPgd.perturb';

/**
 * The attack that SmoothMix trains with: an adversary far from x, and what training takes as the clean image.
 *
 * Maximises −ln (1/M) Σ_i softmax(f(x + ε_i))_y by `steps` steps of ℓ2 length `stepSize` from x, the noises ε_i staying the same.
 * Every step shortens the way from x to `epsilon`, if given, then clips to the input range. The end is the adversary x_adv. The image after
 * `mixStep` steps, brought back to at most `strength` · `stepSize` · `mixStep` from x, is x_s.
 *
 * `strength` scales the bound on x_s alone, as in the official code: the way to x_adv has its full length from the first epoch on.
 * The key drives the noise. The classifier runs in inference mode; where its gradient is exactly 0, the image stays.
 *
 * @see Jeong et al., "SmoothMix: Training Confidence-calibrated Smoothed Classifiers for Certified Robustness", NeurIPS 2021;
 * alinlab/smoothing-catrs, train_smoothmix.py
 * @example
 * ```ts
 * const attack = new SmoothMixPgd({ stepSize: 1, steps: 4, mixStep: 1, numNoise: 2 });
 * using pair = attack.perturb(g, { x, labels, key: createKey(1) });
 * const halfway = tf.div(tf.add(pair.clean, pair.adversary), 2);
 * ```
 */
export class SmoothMixPgd implements MixAttack {
  /** ℓ2 length of one step, in input units. */
  readonly stepSize: number;
  /** Number of gradient steps. */
  readonly steps: number;
  /** Number of steps after which the attack passes x_s. */
  readonly mixStep: number;
  /** Number of noisy copies whose mean softmax is attacked. */
  readonly numNoise: number;
  /** Largest ℓ2 length of x_adv − x, in input units; undefined: no bound but that of the steps. */
  readonly epsilon: number | undefined;
  /** The noise of its own; undefined: that of the target. */
  readonly noise: AdditiveNoise | undefined;
  /** The range of its own; undefined: that of the target. */
  readonly inputRange: InputRange | undefined;

  /** Checks the options. */
  constructor(options: SmoothMixPgdOptions) {
    const call = 'SmoothMixPgd';
    const { stepSize, steps, mixStep, numNoise, epsilon, noise, inputRange } = smoothMixPgdOptions.parse(call, options);
    if (mixStep >= steps) {
      throw refusal(OptionError, { call, field: 'mixStep', value: mixStep }, `must be below \`steps\` (${steps})`);
    }
    this.stepSize = stepSize;
    this.steps = steps;
    this.mixStep = mixStep;
    this.numNoise = numNoise;
    this.epsilon = epsilon;
    this.noise = noise;
    this.inputRange = inputRange;
  }

  /**
   * Attacks a batch.
   *
   * @param target - a smoothed classifier, or what an attack needs of one
   * @returns x_s and x_adv, each [B, ...inputShape]; dispose the pair
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws OptionError if the key is missing or labels are out of range
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(target: AttackTarget, request: InputAttackRequest): MixPair {
    assertOutsideTape(CALL);
    const given = parseInputAttackRequest(CALL, request);
    const { noise, numNoise } = this;
    const range = rangeOf(CALL, target, this.inputRange);
    return withDispose(() => {
      const rows = smoothedRows(CALL, target, given, { noise, numNoise, key: given.key });
      return this.#ascend(rows, { range, strength: given.strength });
    });
  }

  /**
   * Takes the first gradient for the whole batch, and goes on later with the images that are chosen then; undefined where `mixStep` is not 0, as
   * x_s is then another image than the one whose logits it has, and in a subclass with a `perturb` of its own. Throws what `perturb` throws.
   */
  get start(): ((target: AttackTarget, request: InputAttackRequest) => StartedAttack<MixPair>) | undefined {
    if (this.mixStep > 0 || this.perturb !== SmoothMixPgd.prototype.perturb) return undefined;
    return (target, request) => this.#start(target, request);
  }

  #start(target: AttackTarget, request: InputAttackRequest): StartedAttack<MixPair> {
    const call = 'SmoothMixPgd.start';
    assertOutsideTape(call);
    const given = parseInputAttackRequest(call, request);
    const { noise, numNoise } = this;
    const range = rangeOf(call, target, this.inputRange);
    const source = { noise, numNoise, key: given.key };
    const first = withDispose(() => {
      const rows = smoothedRows(call, target, given, source);
      const { x } = given;
      const { gradient, seen } = gradientSeeing(
        call,
        (moved) => {
          const logits = rows.logits(moved);
          return { value: rows.loss(logits), seen: { logits } };
        },
        rows.x,
      );
      const copies = copyOf(tf.reshape(rows.noise, [rows.noise.shape[0], ...x.shape]));
      return { gradient, logits: seen.logits as tf.Tensor3D, x: copyOf(x), labels: rows.labels, noise: copies };
    });
    const finish = (images: readonly number[]): MixPair =>
      withDispose(() => {
        const { x, labels, noise: copies, gradient } = first;
        const [, , numClasses] = first.logits.shape;
        const chosen = { x: rowsOf(x, images), labels: rowsOf(labels, images), noise: rowsOf(copies, images, 1) };
        const rows = smoothedRows(call, target, { ...chosen, firstImage: 0 }, { ...source, numClasses });
        return this.#ascend(rows, { range, strength: given.strength, known: rowsOf(gradient, images) });
      });
    const dispose = (): void => first.dispose();
    return { logits: first.logits, finish, dispose, [Symbol.dispose]: dispose };
  }

  /** The steps of the attack; the first takes a gradient that is known already. */
  #ascend(rows: SmoothedRows, { range, strength, known }: Ascent): { clean: tf.Tensor; adversary: tf.Tensor } {
    const { stepSize, steps, mixStep, epsilon } = this;
    const { x } = rows;
    const within = (moved: tf.Tensor2D, length: number): tf.Tensor2D =>
      clipTo(tf.add(x, shortenRows(tf.sub(moved, x), length)), range);
    const start = { rows: x, memory: { passed: x } };
    const { rows: adversary, memory } = projectedAscent(start, steps, {
      look: (image, { passed }, step) => ({
        gradient: (step === 0 && known) || gradientOf(CALL, (moved) => rows.loss(rows.logits(moved)), image),
        memory: { passed: step === mixStep ? image : passed },
      }),
      direction: guardedDirection,
      stepLength: () => stepSize,
      project: (moved) => (epsilon === undefined ? clipTo(moved, range) : within(moved, epsilon)),
    });
    const clean = within(memory.passed, strength * stepSize * mixStep);
    return { clean: rows.attacked(clean), adversary: rows.attacked(adversary) };
  }
}

/** How an ascent goes. */
interface Ascent {
  readonly range: InputRange;
  readonly strength: number;
  /** The gradient at the images themselves. */
  readonly known?: tf.Tensor2D;
}
