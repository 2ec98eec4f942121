import type { ProbabilityBound } from '../types.ts';
import { probabilitiesOfLogOdds } from './binomial-tail.ts';

/** Spacing of doubles in [½, 1). */
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
