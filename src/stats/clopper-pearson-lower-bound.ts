import type { ProbabilityBound } from '../types.ts';
import { checkOpenUnit, checkSuccesses } from './check-arguments.ts';
import { binomialTailRoot } from './binomial-tail-root.ts';
import { boundAtLogOdds } from './bound-at-log-odds.ts';

/**
 * Grid, in bits, on which the tail probability is rounded, so that the bound is monotone in alpha to the last bit.
 *
 * Two alphas in one cell give the same bound; two cells differ by more than the rounding errors of the solver, which act like
 * 1e-14 in the log-odds and are multiplied by the slope, of order 1 + sqrt(n·p·q).
 */
function logTailGrid(k: number, n: number): number {
  const slope = 1 + Math.sqrt((k * (n - k)) / n);
  return 2 ** (Math.ceil(Math.log2(slope)) - 38);
}

/** Log-odds of the bound, never above the exact ones. */
function lowerLogOdds(k: number, n: number, alpha: number): number {
  const grid = logTailGrid(k, n);
  const lowerTail = Math.floor(Math.log(alpha) / Math.LN2 / grid) * grid;
  const upperTail = Math.ceil(Math.log(1 - alpha) / Math.LN2 / grid) * grid;
  // Work with the tail that is at most one half: alpha = P(Bin(n, p) >= k), or 1 − alpha = P(Bin(n, q) >= n − k + 1).
  if (alpha <= 0.5 || upperTail >= -1) return binomialTailRoot(k, n, Math.min(lowerTail, -1) * Math.LN2, 'below');
  return -binomialTailRoot(n - k + 1, n, upperTail * Math.LN2, 'above');
}

/**
 * One-sided Clopper-Pearson lower confidence bound on the success probability after `k` successes in `n` trials.
 *
 * L(k, n, α) = inf{p : P(Bin(n, p) >= k) > α}, the α-quantile of Beta(k, n−k+1); L(0) = 0 and L(n) = α^(1/n). With probability at
 * least 1−α over the trials, the true probability is at least L.
 *
 * Never above the exact bound: `p` is at most L, and `q` at least 1 − L and at most 2e-11 relative above it. Where p > ½ it is the
 * largest double up to 1 − q. Bounds below 1e-307 are reported as 0. Non-decreasing in `k` and in `alpha`. jstat's inverse beta is only
 * the start of the iteration: alone it exceeds the exact bound in a fifth of the reference rows and fails for very small alpha.
 *
 * @param k - number of successes, an integer in [0, n]
 * @param n - number of trials, an integer in [0, 1e12]; 0 gives the bound 0. Takes O(sqrt(n)) time.
 * @param alpha - failure probability in (0, 1); one-sided, so the two-sided routines of other libraries take 2α. 1e-300 is fine.
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * const { p, q } = clopperPearsonLowerBound(99_000, 100_000, 0.001); // p = 0.98898934..., q = 0.01101065...
 * ```
 * @see C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", 1934;
 * Cohen et al., "Certified adversarial robustness via randomized smoothing", 2019, section 3.2.2 (LowerConfBound).
 */
export function clopperPearsonLowerBound(k: number, n: number, alpha: number): ProbabilityBound {
  checkSuccesses('clopperPearsonLowerBound', k, n);
  checkOpenUnit('clopperPearsonLowerBound', 'alpha', alpha);
  if (k === 0) return { p: 0, q: 1 };
  const logOdds = lowerLogOdds(k, n, alpha);
  return logOdds === -Infinity ? { p: 0, q: 1 } : boundAtLogOdds(logOdds);
}
