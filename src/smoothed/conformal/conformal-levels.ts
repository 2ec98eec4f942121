import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { type FieldsOf, optionsOf } from '../../options/parse.ts';
import { clopperPearsonLowerBound } from '../../stats/clopper-pearson.ts';
import { lowerOrderStatistic } from '../../stats/order-statistic.ts';
import type { Norm, ProbabilityBound } from '../../types.ts';
import { shiftOf } from '../outputs/shift-of.ts';
import { leftOf } from './conformal-index.ts';

/** How far an attacker may move an input under which noise. */
export interface ConformalShift {
  /**
   * The noise that is added to every input, at calibration as later.
   * @defaultValue none, where the radius is 0
   */
  readonly noise?: Noise | undefined;
  /**
   * Largest length of the change of an input, in input units.
   * @defaultValue 0
   */
  readonly radius?: number | undefined;
  /**
   * The norm of the radius.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm | undefined;
  /**
   * Number of coordinates of an input; the first norm of the noises of catrs does not depend on it.
   * @defaultValue 1, where the norm does not depend on it; else it must be given
   */
  readonly dimension?: number | undefined;
}

/** The checks of {@link ConformalShift}. @internal */
export const shiftFields: FieldsOf<ConformalShift, 'radius'> = {
  noise: fields.optional(fields.noise<Noise>()),
  radius: fields.withDefault(fields.nonNegative, 0),
  norm: fields.optional(fields.norm),
  dimension: fields.optional(fields.positiveInteger),
};

/** What is left of a probability where the input moves. */
function shifted(
  call: string,
  bound: ProbabilityBound,
  { noise, radius = 0, norm: asked, dimension }: ConformalShift,
): ProbabilityBound {
  if (radius === 0) return bound;
  if (noise === undefined) {
    const details = { call, field: 'noise', value: noise, way: 'without noise nothing holds under attack' };
    throw refusal(OptionError, details, 'must be given for a radius above 0');
  }
  const { name, norms } = noise;
  const norm = asked ?? norms[0];
  if (norm === undefined || !norms.includes(norm)) {
    const details = { call, field: 'norm', value: norm, got: String(norm) };
    throw refusal(OptionError, details, `must be one that ${name} noise certifies (${norms.join(', ')})`);
  }
  if (dimension === undefined && (norm !== norms[0] || norm === 'linf')) {
    throw refusal(OptionError, { call, field: 'dimension', value: dimension }, `must be given for the norm ${norm}`);
  }
  return shiftOf(call, noise, { norm, dimension: dimension ?? 1 })(radius)(bound);
}

/** The level α' = down(α, r): what α must be without attack so that it is α within the radius. @internal */
export function shiftedLevel(call: string, alpha: number, shift: ConformalShift): number {
  return shifted(call, { p: alpha, q: 1 - alpha }, shift).p;
}

/** How sets of many draws are made. */
export interface ManyDraws {
  /** Draws for each point of the calibration, n. */
  readonly calibration: number;
  /** Draws for each set, n'. */
  readonly prediction: number;
  /**
   * Which of the n scores of a point counts, from the smallest as number 1: the j-th.
   * @defaultValue ⌈0.9 n⌉
   */
  readonly orderStatistic?: number | undefined;
  /**
   * Allowed probability, η₁, that the j-th of n scores says too much of one draw.
   * @defaultValue alpha / 20
   */
  readonly eta1?: number | undefined;
  /**
   * Allowed probability, η₂, that the n' draws of a set say too little of its true label.
   * @defaultValue alpha / 20
   */
  readonly eta2?: number | undefined;
}

const manyDraws = optionsOf<ManyDraws>()({
  calibration: fields.sampleCount,
  prediction: fields.sampleCount,
  orderStatistic: fields.optional(fields.positiveInteger),
  eta1: fields.optional(fields.openFraction),
  eta2: fields.optional(fields.openFraction),
});
const drawsOption = optionsOf<{ readonly draws?: ManyDraws | undefined }>()({ draws: manyDraws.nested });

/** The check of the option `draws` as an object; {@link ownDraws} looks at what is in it. @internal */
export const drawsField: fields.Field<ManyDraws> = fields.object(
  'must be { calibration, prediction }, numbers of draws, and perhaps { orderStatistic, eta1, eta2 }',
);

/** The option `draws`, checked. @internal */
export function ownDraws(call: string, draws: ManyDraws): ManyDraws {
  return drawsOption.parse(call, { draws }).draws;
}

/** What follows from the numbers of draws and the levels. */
export interface ManyDrawsLevels {
  /** The order statistic, j. */
  readonly orderStatistic: number;
  /** η₁. */
  readonly eta1: number;
  /** η₂. */
  readonly eta2: number;
  /** What is left for the calibration: α₁ = α − η₁ − η₂, rounded down. */
  readonly alpha1: number;
  /** Clopper-Pearson lower bound of j of n at η₁: of the probability that one draw of the true label is at most the threshold. */
  readonly pLower: number;
  /** What is left of it within the radius. */
  readonly pShifted: number;
  /** A label is in the set where so many of its n' scores are at most the threshold: k* = max{k : P(Bin(n', p̃) ≤ k − 1) ≤ η₂}; with 0 every label is. */
  readonly leastCount: number;
}

/** Options of {@link manyDrawsLevels}. */
export interface ManyDrawsLevelsOptions extends ConformalShift {
  /** Allowed probability that the true label is not in the set, in (0, 1). */
  readonly alpha: number;
  /** The draws. */
  readonly draws: ManyDraws;
}

const manyDrawsLevelsOptions = optionsOf<ManyDrawsLevelsOptions>()({
  alpha: fields.openFraction,
  draws: drawsField,
  ...shiftFields,
});

/**
 * The levels of sets of many draws: α₁ + η₁ + η₂ ≤ α.
 *
 * Of each calibration point the j-th smallest of n scores counts, and the threshold is the k-th smallest of these, by {@link conformalIndex} at α₁. With
 * probability 1 − α₁ at least j of n draws of the true label would be at most the threshold at the clean input; except η₁ one draw then is with
 * probability at least `pLower`; within the radius with `pShifted`; and except η₂ at least `leastCount` of the n' draws are. One η₁ for all, not one for each
 * calibration point.
 *
 * @throws OptionError for an option outside its domain, and if η₁ + η₂ leave nothing of α
 * @see Zargarbashi, Bojchevski, "Robust Conformal Prediction with a Single Binary Certificate", ICLR 2025; the levels are derived in docs/guide/conformal-sets.md
 */
export function manyDrawsLevels(options: ManyDrawsLevelsOptions): ManyDrawsLevels {
  const call = 'manyDrawsLevels';
  const { alpha, draws, ...shift } = manyDrawsLevelsOptions.parse(call, options);
  return levelsOfDraws(call, alpha, ownDraws(call, draws), shift);
}

/** {@link manyDrawsLevels} for a public call that has parsed its options. @internal */
export function levelsOfDraws(call: string, alpha: number, draws: ManyDraws, shift: ConformalShift): ManyDrawsLevels {
  const { calibration, prediction, orderStatistic = Math.ceil(0.9 * calibration) } = draws;
  const { eta1 = alpha / 20, eta2 = alpha / 20 } = draws;
  if (orderStatistic > calibration) {
    const details = { call, field: 'draws.orderStatistic', value: orderStatistic };
    throw refusal(OptionError, details, `must be at most ${calibration}, the draws of a calibration point`);
  }
  const alpha1 = leftOf(alpha, eta1, eta2);
  if (!(alpha1 > 0)) {
    const details = { call, field: 'draws.eta1', value: eta1 };
    throw refusal(OptionError, details, `must leave something of alpha = ${alpha} beside eta2 = ${eta2}`);
  }
  const lower = clopperPearsonLowerBound(orderStatistic, calibration, eta1);
  const shiftedBound = shifted(call, lower, shift);
  const leastCount = lowerOrderStatistic(prediction, shiftedBound, eta2);
  return { orderStatistic, eta1, eta2, alpha1, pLower: lower.p, pShifted: shiftedBound.p, leastCount };
}
