import type { UpperProbabilityBound } from '../stats/clopper-pearson-upper-bound.ts';
import type { ProbabilityBound } from '../types.ts';

/**
 * An upper bound on the probability of one class, capped by what a lower bound on another class leaves: min(upper, 1 − lower).
 *
 * The complement of a lower bound has q rounded up and p rounded down, which is what an upper bound needs.
 * @internal
 */
export function cappedUpperBound(upper: UpperProbabilityBound, lower: ProbabilityBound): UpperProbabilityBound {
  return lower.q < upper.p ? { p: lower.q, q: lower.p } : upper;
}
