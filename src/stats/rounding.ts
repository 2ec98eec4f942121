import { OptionError, refusal } from '../errors.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { probabilitiesOfLogOdds } from './binomial.ts';
import { showPair } from './check-arguments.ts';

/** The pair with p <= `lower`, for 0 < lower <= ½. @internal */
export function boundFromP(lower: number): ProbabilityBound {
  return { p: lower, q: complementRoundedUp(lower) };
}

/** The pair with q >= `upper`, for 0 < upper <= ½. @internal */
export function boundFromQ(upper: number): ProbabilityBound {
  return { p: complementRoundedDown(upper), q: upper };
}

/**
 * The pair at some log-odds, p rounded down and q rounded up: the smaller of the two is computed, the other is its complement.
 *
 * @internal
 */
export function boundAtLogOdds(logOdds: number): ProbabilityBound {
  const { p, q } = probabilitiesOfLogOdds(logOdds);
  const margin = 2 ** -49; // 16 units in the last place, for an exponential, a sum, a quotient and this product
  return p <= q ? boundFromP(p * (1 - margin)) : boundFromQ(Math.min(q * (1 + margin), 0.5));
}

/** Spacing of doubles in [½, 1): by no more does rounding the larger one of p and q take them apart. */
const SPACING = 2 ** -53;

/** The largest double <= 1 − x, for 0 < x <= ½. The difference of a double in [½, 1] from 1 is exact, which shows the rounding. */
function complementRoundedDown(x: number): number {
  const complement = 1 - x;
  return 1 - complement < x ? complement - SPACING : complement;
}

/** A double >= 1 − x, at most one spacing above, for 0 < x <= ½. */
function complementRoundedUp(x: number): number {
  const complement = 1 - x;
  return 1 - complement > x ? complement + SPACING : complement;
}

/**
 * The one reading of a lower bound whose p and q = 1 − p do not fit: the one that claims less. The pair itself where they fit.
 *
 * The pair claims the probability p by its first part and 1 − q by its second. They fit if p + q is 1 up to one spacing of the doubles below
 * 1, which is what rounding the larger part to a double can do; the smaller part then holds the digits. Else the part that claims more
 * becomes the complement of the other. An upper bound { p, q } is the lower bound { p: q, q: p } on the other side.
 *
 * @throws OptionError unless both are numbers in [0, 1]
 * @internal
 */
export function weakerReading(call: string, bound: ProbabilityBound): ProbabilityBound {
  const { p, q } = bound;
  if (!isProbability(p) || !isProbability(q)) {
    const way = 'p is a lower bound on a probability, and q is 1 - p';
    const details = { call, field: 'bound', value: bound, got: showPair(bound), way };
    throw refusal(OptionError, details, 'must hold p and q in [0, 1]');
  }
  // 1 − (p + q): the first difference is exact wherever p and q could fit.
  const missing = 1 - Math.max(p, q) - Math.min(p, q);
  if (missing > SPACING) return { p, q: 1 - p };
  if (missing < -SPACING) return { p: 1 - q, q };
  return bound;
}

function isProbability(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

/**
 * An upper bound on the probability of one class, capped by what a lower bound on another class leaves: min(upper, 1 − lower).
 *
 * The complement of a lower bound has q rounded up and p rounded down, which is what an upper bound needs.
 * @internal
 */
export function cappedUpperBound(upper: UpperProbabilityBound, lower: ProbabilityBound): UpperProbabilityBound {
  return lower.q < upper.p ? { p: lower.q, q: lower.p } : upper;
}

/**
 * Factor that brings a positive float64 result below the exact one: 1 − 2⁻⁴⁶.
 *
 * It pays for up to a hundred roundings of 2⁻⁵³, so for a few operations and elementary functions good to several units of last place.
 * @internal
 */
export const ROUND_DOWN: number = 1 - 2 ** -46;

/** Factor that brings a positive float64 result above the exact one, as {@link ROUND_DOWN} below it. @internal */
export const ROUND_UP: number = 1 + 2 ** -46;
