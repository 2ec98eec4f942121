import * as tf from '@tensorflow/tfjs';
import type { Classifier } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { searchKeys } from '../random/purposes.ts';
import { indicator, oneHot, rowNorms, shortenRows } from '../tensors/masks.ts';
import { assertOutsideTape, gradientSeeing } from '../tensors/tape.ts';
import type { InputRange } from '../types.ts';
import { ascentDirection, normGeometry } from './norm-geometry.ts';
import { projectedAscent } from './projected-ascent.ts';
import { drawNormals, parseInputAttackRequest, smoothedTarget } from './smoothed-target.ts';
import type { InputAttack, InputAttackRequest } from './types.ts';

/** Options of {@link SmoothedDdn}. */
export interface SmoothedDdnOptions {
  /** The noise of the smoothed classifier that is attacked. */
  readonly noise: AdditiveNoise;
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
   * Number of steps between the ends of `clip` to which the attacked input is rounded (255 for 8-bit images); null: no rounding.
   * @defaultValue 255
   */
  readonly levels?: number | null | undefined;
  /**
   * Range to which the attacked input is clipped, which must hold x.
   * @defaultValue [0, 1]
   */
  readonly clip?: InputRange | undefined;
}

/** Steps of a grid, or none. */
const levels = fields.field<number | null>(
  'must be an integer of at least 1, or null',
  (v) => v === null || fields.isInteger(v, 1, Number.MAX_SAFE_INTEGER),
);

const smoothedDdnOptions = optionsOf<SmoothedDdnOptions>()({
  noise: fields.additiveNoise<AdditiveNoise>(),
  epsilon: fields.positive,
  steps: fields.positiveInteger,
  numNoise: fields.withDefault(fields.positiveInteger, 1),
  initialNorm: fields.optional(fields.positive),
  gamma: fields.withDefault(fields.openFraction, 0.05),
  levels: fields.withDefault(levels, 255),
  clip: fields.withDefault(fields.finiteRange, [0, 1]),
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
 * const attack = new SmoothedDdn({ noise, epsilon: 1, steps: 10, numNoise: 8 });
 * const xAdv = attack.perturb(model, { x, labels, key: createKey(1) });
 * ```
 */
export class SmoothedDdn implements InputAttack {
  readonly #options: ReturnType<typeof smoothedDdnOptions.parse>;

  /** Checks the options. */
  constructor(options: SmoothedDdnOptions) {
    this.#options = smoothedDdnOptions.parse('SmoothedDdn', options);
  }

  /**
   * Attacks a batch.
   *
   * @returns the attacked inputs x + δ, [B, ...inputShape], owned by the caller
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws OptionError if the key is missing or labels are out of range
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(classifier: Classifier, request: InputAttackRequest): tf.Tensor {
    assertOutsideTape(CALL);
    const given = parseInputAttackRequest(CALL, request);
    const { noise, numNoise, steps, epsilon, initialNorm = epsilon, gamma, levels, clip } = this.#options;
    const { noise: noiseKey, direction: directionKey } = searchKeys(given.key);
    return tf.tidy(() => {
      const target = smoothedTarget(CALL, classifier, given, { noise, numNoise, key: noiseKey });
      const { x } = target;
      const none: tf.Tensor2D = tf.zerosLike(x);
      const farthest = rowNorms(tf.maximum(tf.sub(x, clip[0]), tf.sub(clip[1], x)));
      const norm: tf.Tensor2D = tf.fill(farthest.shape, given.strength * initialNorm);
      const start = { rows: none, memory: { norm, best: none, bestLength: farthest } };
      const { memory } = projectedAscent(start, steps, {
        look: (delta, { norm, best, bestLength }) => {
          const { gradient, seen } = gradientSeeing(
            CALL,
            (moved) => {
              const { logits, votes } = target.outputs(tf.add(x, moved));
              return { value: target.loss(logits), seen: { votes } };
            },
            delta,
          );
          const changed = voteChanged(seen.votes, target.labels);
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
          const rounded = toLevels(tf.sub(tf.add(x, scaled), clip[0]), levels, clip);
          return tf.sub(tf.clipByValue(tf.add(rounded, clip[0]), ...clip), x);
        },
      });
      const delta = toLevels(shortenRows(memory.best, given.strength * epsilon), levels, clip);
      // Where x is not of these levels, x + δ can lie outside the range.
      return target.attacked(tf.clipByValue(tf.add(x, delta), ...clip));
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
