import type { ProbabilityBound } from '../types.ts';
import { type BetaPrior, JEFFREYS } from './beta-mixture.ts';
import { checkCount, checkOpenUnit } from './check-arguments.ts';
import { clopperPearsonLowerBound } from './clopper-pearson.ts';
import { mixtureUpperBound } from './mixture-bounds.ts';

/**
 * Index of the order statistic that bounds a quantile from below: i = max{i : P(Bin(n, p) ≤ i − 1) ≤ α}, from 1; 0 where there is none.
 *
 * Of n independent draws X_(1) ≤ ... ≤ X_(n), with probability at least 1 − α, X_(i) is at most any t with P(X ≤ t) ≥ p: ties and atoms are
 * covered. The mirror image bounds from above: j = n + 1 − i for 1 − p in place of p, and X_(j) is at least any t with P(X < t) ≤ p.
 *
 * Never too high: P(Bin(n, p) ≤ i − 1) = P(Bin(n, q) ≥ n − i + 1) is at most α where the {@link clopperPearsonLowerBound} of n − i + 1
 * reaches q, and that bound and q are rounded to the safe side.
 *
 * @param n - number of draws, an integer in [0, 1e12]
 * @param level - lower bound p on the level of the quantile, with q = 1 − p, for example of {@link shiftDown}
 * @param alpha - failure probability in (0, 1)
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * lowerOrderStatistic(1000, shiftDown({ p: 0.5, q: 0.5 }, 0.5), 0.0005); // 261
 * ```
 */
export function lowerOrderStatistic(n: number, level: ProbabilityBound, alpha: number): number {
  checkCount('lowerOrderStatistic', 'n', n);
  checkOpenUnit('lowerOrderStatistic', 'alpha', alpha);
  const { p, q } = level;
  if (!(p > 0)) return 0;
  const holds = (i: number): boolean => {
    const lower = clopperPearsonLowerBound(n - i + 1, n, alpha);
    return q <= 0.5 ? lower.p >= q : lower.q <= p;
  };
  return largestBelow(n + 1, holds);
}

/**
 * {@link lowerOrderStatistic} at any time: the indices of all n hold together, so that sampling may stop for any reason.
 *
 * i = 1 + max{h : U_n(h) < p} with U_n(h) the {@link mixtureUpperBound} of h successes; 0 where there is none. With t such that P(X ≤ t) ≥ p, the
 * confidence sequence for P(X ≤ t) is ever wrong with probability at most α, so that at every n at once at least i of the draws are at most t.
 *
 * @param n - number of draws so far, an integer in [0, 1e12]
 * @param level - lower bound p on the level of the quantile, with q = 1 − p
 * @param alpha - failure probability of all n together, in (0, 1)
 * @param priors - prior of the mixture, fixed before the draws
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * anytimeOrderStatistic(1000, shiftDown({ p: 0.5, q: 0.5 }, 0.5), 0.0005); // 241; for n = 1000 alone 261
 * ```
 */
export function anytimeOrderStatistic(
  n: number,
  level: ProbabilityBound,
  alpha: number,
  priors: readonly BetaPrior[] = JEFFREYS,
): number {
  checkCount('anytimeOrderStatistic', 'n', n);
  checkOpenUnit('anytimeOrderStatistic', 'alpha', alpha);
  const { p, q } = level;
  if (!(p > 0) || n === 0) return 0;
  const holds = (i: number): boolean => {
    const upper = mixtureUpperBound(priors, i - 1, n, alpha);
    return p <= 0.5 ? upper.p < p : upper.q > q;
  };
  return largestBelow(n + 1, holds);
}

/** Largest integer in [1, end) for which a condition holds that holds for all before it, 0 where there is none: by bisection. */
function largestBelow(end: number, holds: (index: number) => boolean): number {
  let [below, above] = [0, end];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (holds(middle)) below = middle;
    else above = middle;
  }
  return below;
}
