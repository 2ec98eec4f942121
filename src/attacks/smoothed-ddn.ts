import * as tf from '@tensorflow/tfjs';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { searchKeys } from '../random/purposes.ts';
import { indicator, oneHot, rowNorms, shortenRows } from '../tensors/masks.ts';
import { assertOutsideTape, gradientSeeing } from '../tensors/tape.ts';
import type { InputRange, Norm } from '../types.ts';
import { ascentDirection, normGeometry } from './norm-geometry.ts';
import { projectedAscent } from './projected-ascent.ts';
import { attackNoise, drawNormals, parseInputAttackRequest, rangeOf, smoothedRows } from './smoothed-rows.ts';
import type { AttackTarget, InputAttack, InputAttackRequest } from './types.ts';

/** Options of {@link SmoothedDdn}. */
export interface SmoothedDdnOptions {
  /** Largest ℓ2 length of the perturbation before it is rounded, in input units. */
  readonly epsilon: number;
  /** Number of gradient steps, T. */
  readonly steps: number;
  /**
   * Number of noisy copies that vote and whose mean softmax is attacked, M.
   * @defaultValue 1
   */
  readonly numNoise?: number | undefined;
  /**
   * ℓ2 length of the perturbation that the search starts with, in input units.
   * @defaultValue epsilon, what the official training starts with
   */
  readonly initialNorm?: number | undefined;
  /**
   * Share by which the length grows or shrinks in a step, in (0, 1). For T steps down from ε to a length of one and a half grey levels,
   * take 1 − (3 / (510 ε))^(1/T).
   * @defaultValue 0.05
   */
  readonly gamma?: number | undefined;
  /**
   * Number of steps between the ends of the input range to which the attacked input is rounded (255 for 8-bit images); null: no rounding.
   * @defaultValue 255
   */
  readonly levels?: number | null | undefined;
  /**
   * The noise of the smoothed classifier that is attacked.
   * @defaultValue that of the target
   */
  readonly noise?: AdditiveNoise | undefined;
  /**
   * Range to which the attacked input is clipped, which must hold x; both ends finite.
   * @defaultValue that of the target
   */
  readonly inputRange?: InputRange | undefined;
}

/** Steps of a grid, or none. */
const levels = fields.field<number | null>(
  'must be an integer of at least 1, or null',
  (v) => v === null || fields.isInteger(v, 1, Number.MAX_SAFE_INTEGER),
);

const smoothedDdnOptions = optionsOf<SmoothedDdnOptions>()({
  epsilon: fields.positive,
  steps: fields.positiveInteger,
  numNoise: fields.withDefault(fields.positiveInteger, 1),
  initialNorm: fields.optional(fields.positive),
  gamma: fields.withDefault(fields.openFraction, 0.05),
  levels: fields.withDefault(levels, 255),
  noise: fields.optional(attackNoise),
  inputRange: fields.optional(fields.finiteRange),
});

const CALL = 'SmoothedDdn.perturb';
// Step length at the end of the cosine schedule.
const LAST_STEP = 0.01;
// A perturbation of length 0 cannot be given another length; it stays 0 instead of becoming NaN.
const LEAST_LENGTH = 1e-30;

/**
 * Decoupled Direction and Norm on the smoothed classifier: the shortest perturbation, in ℓ2, that changes the vote.
 *
 * Every step looks at x + δ first: if most of the M noisy copies are not of class y and δ is the shortest such so far, it is
 * kept. Then δ moves along the normalised gradient of −ln (1/M) Σ_i softmax(f(x + δ + ε_i))_y, its step length falling from 1 to 0.01 on
 * a cosine; its length ν becomes (1 − `gamma`) ν if the vote had changed, (1 + `gamma`) ν if not; x + δ is rounded to `levels` and
 * clipped. The noises ε_i stay the same. The kept δ, 0 if none was found, is shortened to `epsilon` and rounded again.
 *
 * The last rounding can make δ longer than `epsilon`, by at most √d (high − low) / (2 `levels`) for d coordinates; without rounding δ is at
 * most `epsilon` long up to a relative 1e-6. Of classes with equally many votes the lowest counts.
 * Where the gradient is exactly 0, δ moves along a standard normal vector, the same in every step. `strength` scales `epsilon` and
 * `initialNorm`. The classifier runs in inference mode.
 *
 * @see Rony et al., "Decoupling Direction and Norm for Efficient Gradient-Based L2 Adversarial Attacks and Defenses", CVPR 2019; on
 * smoothed classifiers Salman et al., NeurIPS 2019; Hadisalman/smoothing-adversarial, attacks.py
 * @example
 * ```ts
 * const attack = new SmoothedDdn({ epsilon: 1, steps: 10, numNoise: 8 });
 * const xAdv = attack.perturb(g, { x, labels, key: createKey(1) });
 * ```
 */
export class SmoothedDdn implements InputAttack {
  /** Largest ℓ2 length of the perturbation before it is rounded, in input units. */
  readonly epsilon: number;
  /** Number of gradient steps. */
  readonly steps: number;
  /** Number of noisy copies that vote and whose mean softmax is attacked. */
  readonly numNoise: number;
  /** ℓ2 length of the perturbation that the search starts with, in input units. */
  readonly initialNorm: number;
  /** Share by which the length grows or shrinks in a step. */
  readonly gamma: number;
  /** Number of steps between the ends of the input range to which the attacked input is rounded; null: no rounding. */
  readonly levels: number | null;
  /** `epsilon` is an ℓ2 length. */
  readonly norm: Norm = 'l2';
  /** The noise of its own; undefined: that of the target. */
  readonly noise: AdditiveNoise | undefined;
  /** The range of its own; undefined: that of the target. */
  readonly inputRange: InputRange | undefined;
  readonly #given: SmoothedDdnOptions;

  /** Checks the options. */
  constructor(options: SmoothedDdnOptions) {
    const given = smoothedDdnOptions.parse('SmoothedDdn', options);
    this.#given = given;
    this.epsilon = given.epsilon;
    this.steps = given.steps;
    this.numNoise = given.numNoise;
    this.initialNorm = given.initialNorm ?? given.epsilon;
    this.gamma = given.gamma;
    this.levels = given.levels;
    this.noise = given.noise;
    this.inputRange = given.inputRange;
  }

  /** The same attack with another `epsilon`; an `initialNorm` that was not given follows it. */
  withEpsilon(epsilon: number): SmoothedDdn {
    return new SmoothedDdn({ ...this.#given, epsilon });
  }

  /**
   * Attacks a batch.
   *
   * @param target - a smoothed classifier, or what an attack needs of one
   * @returns the attacked inputs x + δ, [B, ...inputShape], owned by the caller
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws OptionError if the key is missing or labels are out of range
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(target: AttackTarget, request: InputAttackRequest): tf.Tensor {
    assertOutsideTape(CALL);
    const given = parseInputAttackRequest(CALL, request);
    const { noise, numNoise, steps, epsilon, initialNorm, gamma, levels } = this;
    const range = rangeOf(CALL, target, this.inputRange, fields.finiteRange);
    const { noise: noiseKey, direction: directionKey } = searchKeys(given.key);
    return tf.tidy(() => {
      const rows = smoothedRows(CALL, target, given, { noise, numNoise, key: noiseKey });
      const { x } = rows;
      const none: tf.Tensor2D = tf.zerosLike(x);
      const farthest = rowNorms(tf.maximum(tf.sub(x, range[0]), tf.sub(range[1], x)));
      const norm: tf.Tensor2D = tf.fill(farthest.shape, given.strength * initialNorm);
      const start = { rows: none, memory: { norm, best: none, bestLength: farthest } };
      const { memory } = projectedAscent(start, steps, {
        look: (delta, { norm, best, bestLength }) => {
          const { gradient, seen } = gradientSeeing(
            CALL,
            (moved) => {
              const { logits, votes } = rows.outputs(tf.add(x, moved));
              return { value: rows.loss(logits), seen: { votes } };
            },
            delta,
          );
          const changed = voteChanged(seen.votes, rows.labels);
          const length = rowNorms(delta);
          const better = tf.greater(tf.mul(changed, tf.sub(bestLength, length)), 0);
          const factor = tf.sub(1 + gamma, tf.mul(2 * gamma, changed));
          return {
            gradient,
            memory: {
              norm: tf.minimum<tf.Tensor2D>(tf.mul(norm, factor), farthest),
              best: tf.where(better, delta, best),
              bestLength: tf.where(better, length, bestLength),
            },
          };
        },
        direction: ascentDirection(normGeometry.l2, drawNormals(directionKey, x.shape, given.firstImage)),
        stepLength: (step) => cosineStep((step + 1) / steps),
        project: (moved, { norm }) => {
          const scaled = tf.mul(moved, tf.div(norm, tf.maximum(rowNorms(moved), LEAST_LENGTH)));
          const rounded = toLevels(tf.sub(tf.add(x, scaled), range[0]), levels, range);
          return tf.sub(tf.clipByValue(tf.add(rounded, range[0]), ...range), x);
        },
      });
      const delta = toLevels(shortenRows(memory.best, given.strength * epsilon), levels, range);
      // Where x is not of these levels, x + δ can lie outside the range.
      return rows.attacked(tf.clipByValue(tf.add(x, delta), ...range));
    });
  }
}

/** Step length after a share of the way, from 1 at the start to `LAST_STEP`. */
function cosineStep(share: number): number {
  return LAST_STEP + ((1 - LAST_STEP) * (1 + Math.cos(Math.PI * share))) / 2;
}

/** Rounds to multiples of (high − low) / levels, half to even. */
function toLevels(rows: tf.Tensor2D, levels: number | null, [low, high]: InputRange): tf.Tensor2D {
  if (levels === null) return rows;
  const perUnit = levels / (high - low);
  return tf.div(tf.round(tf.mul(rows, perUnit)), perUnit);
}

/**
 * 1 where the class with the most votes is not the label, else 0: logits or probabilities [M, B, C] give [B, 1]. Not meant for the tape.
 *
 * Of classes with equally many votes the lowest counts.
 * @internal
 */
export function voteChanged(rows: tf.Tensor3D, labels: tf.Tensor1D): tf.Tensor2D {
  const votes = tf.sum(oneHot(tf.argMax(rows, -1), rows.shape[2]), 0);
  return indicator(tf.expandDims(tf.notEqual(tf.argMax(votes, -1), labels), 1)) as tf.Tensor2D;
}
