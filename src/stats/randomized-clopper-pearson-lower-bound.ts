import { OptionError, showValue } from '../errors.ts';
import type { ProbabilityBound } from '../types.ts';
import { binomialTailRoot } from './binomial-tail-root.ts';
import { boundAtLogOdds } from './bound-at-log-odds.ts';
import { checkOpenUnit, checkSuccesses } from './check-arguments.ts';
import { clopperPearsonLowerBound } from './clopper-pearson-lower-bound.ts';

/**
 * Randomized Clopper-Pearson lower confidence bound on the success probability after `k` successes in `n` trials.
 *
 * inf{p : P(Bin(n, p) > k) + W P(Bin(n, p) = k) > α} with W the uniform number `draw`. W = 1 is {@link clopperPearsonLowerBound}, a smaller
 * W gives a larger bound, and averaged over W the failure probability is exactly α for every p, where the plain bound wastes some.
 *
 * Capped: W is taken as at least 2α, so that n successes give at most (½)^(1/n). Without the cap W <= α would give the bound 1 there,
 * an infinite radius, with probability α. The cap only lowers the bound: the failure probability is then at most α.
 *
 * W must be uniform, independent of the trials and fixed before they are looked at; drawing it again voids the guarantee.
 *
 * Never above the exact bound, and below it by as little as {@link clopperPearsonLowerBound}.
 *
 * @param k - number of successes, an integer in [0, n]
 * @param n - number of trials, an integer in [0, 1e12]; 0 gives the bound 0. Takes O(sqrt(n)) time.
 * @param alpha - failure probability in (0, 1), one-sided
 * @param draw - W in (0, 1]
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * randomizedClopperPearsonLowerBound(100_000, 100_000, 0.001, 0.5); // q = 6.2144e-5; Clopper-Pearson has 6.9075e-5
 * ```
 * @see V. Voracek, "Treatment of statistical estimation problems in randomized smoothing for adversarial robustness", 2024,
 * definition 2.3 and proposition 2.4.
 */
export function randomizedClopperPearsonLowerBound(
  k: number,
  n: number,
  alpha: number,
  draw: number,
): ProbabilityBound {
  const call = 'randomizedClopperPearsonLowerBound';
  checkSuccesses(call, k, n);
  checkOpenUnit(call, 'alpha', alpha);
  if (!(draw > 0 && draw <= 1)) {
    throw new OptionError(`\`draw\` must be in (0, 1], got ${showValue(draw)}`, { call, field: 'draw', value: draw });
  }
  const weight = Math.max(draw, 2 * alpha);
  if (weight >= 1) return clopperPearsonLowerBound(k, n, alpha);
  if (k === 0) return { p: 0, q: 1 };
  const logOdds = binomialTailRoot(k, n, Math.log(alpha), 'below', weight);
  return logOdds === -Infinity ? { p: 0, q: 1 } : boundAtLogOdds(logOdds);
}
