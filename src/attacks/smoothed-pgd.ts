import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { searchKeys } from '../random/purposes.ts';
import { labelEntries } from '../tensors/cross-entropy.ts';
import { assertOutsideTape, gradientOf } from '../tensors/tape.ts';
import type { InputRange, LengthNorm } from '../types.ts';
import { ascentDirection, normGeometry } from './norm-geometry.ts';
import { projectedAscent } from './projected-ascent.ts';
import {
  attackNoise,
  clipTo,
  drawNormals,
  isBounded,
  parseInputAttackRequest,
  rangeOf,
  type SmoothedRows,
  smoothedRows,
} from './smoothed-rows.ts';
import type { AttackTarget, InputAttack, InputAttackRequest } from './types.ts';

/** Options of {@link SmoothedPgd}. */
export interface SmoothedPgdOptions {
  /** Largest length of the perturbation in `norm`, in input units. */
  readonly epsilon: number;
  /** Number of steps, T. */
  readonly steps: number;
  /**
   * Number of noisy copies whose mean softmax is attacked, M.
   * @defaultValue 1
   */
  readonly numNoise?: number | undefined;
  /**
   * Length of one step in `norm`, in input units.
   * @defaultValue 2 · epsilon / steps
   */
  readonly stepSize?: number | undefined;
  /**
   * The norm of `epsilon` and `stepSize`.
   * @defaultValue 'l2'
   */
  readonly norm?: LengthNorm | undefined;
  /**
   * Whether the direction is estimated from forward passes alone, which needs at least 2 noises.
   * @defaultValue false
   */
  readonly gradientFree?: boolean | undefined;
  /**
   * What is done first after a step: clipping x + δ to the input range (SmoothAdv) or shortening δ to `epsilon` (Consistency, RS4A).
   * @defaultValue 'clip-then-shorten'
   */
  readonly order?: 'clip-then-shorten' | 'shorten-then-clip' | undefined;
  /**
   * The noise of the smoothed classifier that is attacked.
   * @defaultValue that of the target
   */
  readonly noise?: AdditiveNoise | undefined;
  /**
   * Range to which the attacked input x + δ is clipped, which must hold x; [-Infinity, Infinity]: no clipping.
   * @defaultValue that of the target
   */
  readonly inputRange?: InputRange | undefined;
}

const smoothedPgdOptions = optionsOf<SmoothedPgdOptions>()({
  epsilon: fields.positive,
  steps: fields.positiveInteger,
  numNoise: fields.withDefault(fields.positiveInteger, 1),
  stepSize: fields.optional(fields.positive),
  norm: fields.withDefault(fields.lengthNorm, 'l2'),
  gradientFree: fields.withDefault(fields.boolean, false),
  order: fields.withDefault(fields.oneOf('clip-then-shorten', 'shorten-then-clip'), 'clip-then-shorten'),
  noise: fields.optional(attackNoise),
  inputRange: fields.optional(fields.range),
});

const CALL = 'SmoothedPgd.perturb';

/**
 * Projected gradient descent on the smoothed classifier (SmoothAdv), in ℓ2, ℓ∞ or ℓ1.
 *
 * Maximises −ln (1/M) Σ_i softmax(f(x + δ + ε_i))_y over ‖δ‖ ≤ `epsilon`, the noises ε_i staying the same through all steps.
 * Every step moves δ by `stepSize` along a direction of length 1, clips x + δ to the input range and shortens δ to `epsilon`. The direction is
 *
 * - ℓ2: the gradient over its length; shortening scales δ.
 * - ℓ∞: the signs of the gradient; shortening clips δ.
 * - ℓ1: the signs of the largest sixteenth of the gradient's entries over their number; shortening projects δ.
 *
 * Where the gradient is exactly 0, a standard normal vector of the key takes its place, the same in every step (in ℓ2 with the
 * length that it has). With `gradientFree` the gradient is replaced by (1/M) Σ_i −softmax(f(x + δ + ε_i))_y ε_i, which needs no
 * backward pass. The classifier runs in inference mode.
 *
 * δ is at most `epsilon` long up to float32 rounding (a relative 1e-6 in ℓ2, none in ℓ∞ and ℓ1). Adding it to x
 * rounds every coordinate once more, by at most half a unit in the last place of x + δ.
 *
 * The mean over copies is a log-sum-exp, so a probability too small for float32 still has a gradient; the official code
 * holds it above 1e-20, where the gradient vanishes.
 *
 * @see Salman et al., "Provably Robust Deep Learning via Adversarially Trained Smoothed Classifiers", NeurIPS 2019, Eq. 6;
 * Hadisalman/smoothing-adversarial, attacks.py; for ℓ∞ and ℓ1 Yang et al., "Randomized Smoothing of All Shapes and Sizes", ICML
 * 2020, tonyduan/rs4a, attacks.py; for the other order alinlab/smoothing-catrs, train_consistency.py
 * @example
 * ```ts
 * const attack = new SmoothedPgd({ epsilon: 0.5, steps: 20, numNoise: 8 });
 * const xAdv = attack.perturb(g, { x, labels, key: createKey(1) });
 * ```
 */
export class SmoothedPgd implements InputAttack {
  /** Largest length of the perturbation in `norm`, in input units. */
  readonly epsilon: number;
  /** Number of steps. */
  readonly steps: number;
  /** Number of noisy copies whose mean softmax is attacked. */
  readonly numNoise: number;
  /** Length of one step in `norm`, in input units. */
  readonly stepSize: number;
  /** The norm of `epsilon` and `stepSize`. */
  readonly norm: LengthNorm;
  /** Whether the direction is estimated from forward passes alone. */
  readonly gradientFree: boolean;
  /** What is done first after a step. */
  readonly order: 'clip-then-shorten' | 'shorten-then-clip';
  /** The noise of its own; undefined: that of the target. */
  readonly noise: AdditiveNoise | undefined;
  /** The range of its own; undefined: that of the target. */
  readonly inputRange: InputRange | undefined;
  readonly #given: SmoothedPgdOptions;

  /** Checks the options. */
  constructor(options: SmoothedPgdOptions) {
    const given = smoothedPgdOptions.parse('SmoothedPgd', options);
    this.#given = given;
    this.epsilon = given.epsilon;
    this.steps = given.steps;
    this.numNoise = given.numNoise;
    this.stepSize = given.stepSize ?? (2 * given.epsilon) / given.steps;
    this.norm = given.norm;
    this.gradientFree = given.gradientFree;
    this.order = given.order;
    this.noise = given.noise;
    this.inputRange = given.inputRange;
  }

  /** The same attack with another `epsilon`; a `stepSize` that was not given follows it. */
  withEpsilon(epsilon: number): SmoothedPgd {
    return new SmoothedPgd({ ...this.#given, epsilon });
  }

  /**
   * Attacks a batch.
   *
   * @param target - a smoothed classifier, or what an attack needs of one
   * @returns the attacked inputs x + δ, [B, ...inputShape], owned by the caller
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws OptionError if the key is missing, labels are out of range, or there is one noise only and `gradientFree` is set
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(target: AttackTarget, request: InputAttackRequest): tf.Tensor {
    assertOutsideTape(CALL);
    const given = parseInputAttackRequest(CALL, request);
    const { noise, numNoise, steps, norm, gradientFree, order } = this;
    const range = rangeOf(CALL, target, this.inputRange);
    const epsilon = given.strength * this.epsilon;
    const stepSize = given.strength * this.stepSize;
    const { noise: noiseKey, direction: directionKey } = searchKeys(given.key);
    return tf.tidy(() => {
      const rows = smoothedRows(CALL, target, given, { noise, numNoise, key: noiseKey });
      if (gradientFree) assertSeveralNoises(rows);
      const { x } = rows;
      const loss = (delta: tf.Tensor2D): tf.Tensor => rows.loss(rows.logits(tf.add(x, delta)));
      const clipped = (delta: tf.Tensor2D): tf.Tensor2D =>
        isBounded(range) ? tf.sub(tf.clipByValue(tf.add(x, delta), ...range), x) : delta;
      const shortened = (delta: tf.Tensor2D): tf.Tensor2D => normGeometry[norm].shorten(delta, epsilon);
      const start = { rows: tf.zerosLike(x), memory: {} };
      const { rows: delta } = projectedAscent(start, steps, {
        look: (delta, memory) => ({
          gradient: gradientFree ? gradientFromForwardPasses(rows, delta) : gradientOf(CALL, loss, delta),
          memory,
        }),
        direction: ascentDirection(normGeometry[norm], drawNormals(directionKey, x.shape, given.firstImage)),
        stepLength: () => stepSize,
        project: (delta) => (order === 'clip-then-shorten' ? shortened(clipped(delta)) : clipped(shortened(delta))),
      });
      const moved = tf.add<tf.Tensor2D>(x, delta);
      // x + (clipped − x) can round to just outside the range.
      return rows.attacked(clipTo(moved, range));
    });
  }
}

/** (1/M) Σ_i −softmax(f(x + δ + ε_i))_y ε_i, [B, d]: σ² times an estimate of the gradient of −E softmax(f(x + δ + ε))_y. */
function gradientFromForwardPasses(rows: SmoothedRows, delta: tf.Tensor2D): tf.Tensor2D {
  const logits = rows.logits(tf.add(rows.x, delta));
  const probabilities = labelEntries(tf.softmax(logits), rows.labels);
  return tf.neg(tf.mean(tf.mul(tf.expandDims(probabilities, 2), rows.noise), 0));
}

function assertSeveralNoises({ noise }: SmoothedRows): void {
  const [numNoise] = noise.shape;
  if (numNoise > 1) return;
  const details = { call: CALL, field: 'numNoise', value: numNoise };
  throw refusal(OptionError, details, 'must be at least 2 with `gradientFree`');
}
