import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { type BetaPrior, checkPriors, JEFFREYS, logMixture } from './beta-mixture.ts';
import { binomialDeviance } from './binomial-deviance.ts';
import { LOWEST_LOG_ODDS, probabilitiesOfLogOdds } from './binomial.ts';
import { checkOpenUnit, checkSuccesses } from './check-arguments.ts';
import { logBeta, logBetaKernel } from './incomplete-beta.ts';
import { boundAtLogOdds, boundFromP, boundFromQ } from './rounding.ts';

/**
 * Lower end of a confidence sequence: after any number of trials, and at a time chosen as one likes, the success probability is above it.
 *
 * min{p : ln E_n(p) <= ln 1/α} with E_n(p) = Σ weight · B(h+a, n−h+b)/B(a, b) / (p^h (1−p)^(n−h)), a mixture of likelihood ratios. With
 * probability at least 1−α the true probability lies between this and {@link mixtureUpperBound} at every n at once: the two ends share α,
 * and the largest lower end so far may be used. The priors must be fixed before the first of these trials.
 *
 * Never above the exact bound: `p` at most and `q` at least the exact one, by some 1e-12 relative, 1e-9 where prior and trials contradict
 * each other. Bounds below 1e-307 are reported as 0.
 *
 * @param priors - components of the prior on the success probability
 * @param h - number of successes, an integer in [0, n]; 0 gives the bound 0
 * @param n - number of trials, an integer in [0, 1e12]
 * @param alpha - failure probability of the whole sequence, both sides together, in (0, 1)
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * const prior = [{ weight: 1, a: 1, b: 0.1 }]; // expects probabilities near 1
 * const { p, q } = mixtureLowerBound(prior, 1000, 1000, 0.001); // q = 0.0076...
 * ```
 * @see H. Robbins, "Statistical methods related to the law of the iterated logarithm", 1970.
 */
export function mixtureLowerBound(priors: readonly BetaPrior[], h: number, n: number, alpha: number): ProbabilityBound {
  const call = 'mixtureLowerBound';
  checkPriors(call, priors);
  checkSuccesses(call, h, n, 'h');
  checkOpenUnit(call, 'alpha', alpha);
  return mixtureBound(priors, h, n, alpha);
}

/**
 * Upper end of the confidence sequence of {@link mixtureLowerBound}: the mirror image, with successes and failures exchanged.
 *
 * max{p : ln E_n(p) <= ln 1/α}. Both ends hold together with probability 1−α, at every n at once. Never below the exact bound.
 *
 * @param priors - components of the prior on the success probability, the same as for the lower end
 * @param h - number of successes, an integer in [0, n]; n gives the bound 1
 * @param n - number of trials, an integer in [0, 1e12]
 * @param alpha - failure probability of the whole sequence, both sides together, in (0, 1)
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * const { p } = mixtureUpperBound([{ weight: 1, a: 0.5, b: 0.5 }], 400, 1000, 0.001); // 0.472...
 * ```
 */
export function mixtureUpperBound(
  priors: readonly BetaPrior[],
  h: number,
  n: number,
  alpha: number,
): UpperProbabilityBound {
  const call = 'mixtureUpperBound';
  checkPriors(call, priors);
  checkSuccesses(call, h, n, 'h');
  checkOpenUnit(call, 'alpha', alpha);
  const mirrored = priors.map(({ weight, a, b }) => ({ weight, a: b, b: a }));
  const failures = mixtureBound(mirrored, n - h, n, alpha);
  return { p: failures.q, q: failures.p };
}

/**
 * Lower end of the betting confidence sequence: {@link mixtureLowerBound} with Jeffreys' prior Beta(½, ½).
 *
 * min{p : ln(Q/(p^h (1−p)^(n−h))) <= ln 1/α} with Q = B(h+½, n−h+½)/B(½, ½), the product of the Krichevsky-Trofimov predictions
 * (successes + ½)/(trials + 1) of one outcome after the other. Valid at every n at once, with no correction. Never above the exact bound.
 *
 * @param h - number of successes, an integer in [0, n]; 0 gives the bound 0
 * @param n - number of trials, an integer in [0, 1e12]
 * @param alpha - failure probability of the whole sequence, both sides together, in (0, 1)
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * bettingLowerBound(100_000, 100_000, 0.001); // q = 1.3236e-4; a bound for this n alone has 6.9075e-5
 * ```
 * @see V. Voracek, "Treatment of statistical estimation problems in randomized smoothing for adversarial robustness", 2024,
 * algorithm 2; R. Krichevsky, V. Trofimov, "The performance of universal encoding", 1981.
 */
export function bettingLowerBound(h: number, n: number, alpha: number): ProbabilityBound {
  checkSuccesses('bettingLowerBound', h, n, 'h');
  checkOpenUnit('bettingLowerBound', 'alpha', alpha);
  return mixtureBound(JEFFREYS, h, n, alpha);
}

/** {@link mixtureLowerBound} for arguments that are known to be right. */
function mixtureBound(priors: readonly BetaPrior[], h: number, n: number, alpha: number): ProbabilityBound {
  if (h === 0) return { p: 0, q: 1 };
  const share = logMixture(
    priors,
    priors.map((prior) => logLikelihoodShare(prior, h, n)),
  );
  const level = (-Math.log(alpha) - share) * (1 + 1e-15);
  if (h < n) {
    const logOdds = devianceRoot(h, n, level);
    return logOdds === -Infinity ? { p: 0, q: 1 } : boundAtLogOdds(logOdds);
  }
  // p^n = e^−level
  const q = -Math.expm1(-level / n) * (1 + 1e-15);
  if (q <= 0.5) return boundFromQ(q);
  const p = Math.exp(-level / n) * (1 - 1e-15 * (2 + level / n));
  return p > 1e-307 ? boundFromP(Math.min(p, 0.5)) : { p: 0, q: 1 };
}

/** A lower bound on ln of B(h+a, n−h+b) / B(a, b) over the greatest likelihood (h/n)^h (1−h/n)^(n−h), for 1 <= h <= n. */
function logLikelihoodShare({ a, b }: BetaPrior, h: number, n: number): number {
  if (h === n) {
    const [after, before] = [logBeta(n + a, b), logBeta(a, b)];
    return after - before - 1e-12 - 1e-14 * (Math.abs(after) + Math.abs(before));
  }
  // The ratio to the likelihood at p is kernel(a, b) / kernel(h+a, n−h+b) at p; rounding h/n changes it in second order only.
  const [p, q] = [h / n, (n - h) / n];
  const after = logBetaKernel(h + a, n - h + b, p, q);
  const before = logBetaKernel(a, b, p, q);
  const rounding = 4e-16 * (Math.abs(after.log) + Math.abs(before.log));
  return before.log - after.log - before.error - after.error - rounding;
}

/**
 * Log-odds below those of h/n, at which the deviance h ln(h/np) + (n−h) ln((n−h)/nq) provably is at least `level`; for 1 <= h < n.
 *
 * The deviance is convex in the log-odds with slope np − h, so after one step Newton's method rises to the root from below.
 */
function devianceRoot(h: number, n: number, level: number): number {
  const centre = Math.log(h / (n - h));
  let logOdds = Math.max(centre - Math.sqrt((2 * level) / ((h / n) * (n - h))), LOWEST_LOG_ODDS);
  for (let i = 0; i < 200; i++) {
    const { p, q } = probabilitiesOfLogOdds(logOdds);
    const { value, excess } = binomialDeviance(h, n - h, p, q);
    const step = (value - level) / excess;
    if (step < 0 && logOdds === LOWEST_LOG_ODDS) return -Infinity;
    logOdds = Math.max(logOdds + step, LOWEST_LOG_ODDS);
    if (Math.abs(step) < 1e-10 * Math.min(1, centre - logOdds)) break;
  }
  for (let distance = 1e-13 * Math.max(1, Math.abs(logOdds)); ; distance *= 2) {
    const { p, q } = probabilitiesOfLogOdds(logOdds - distance);
    const { value, error } = binomialDeviance(h, n - h, p, q);
    if (value - error >= level) return logOdds - distance;
  }
}
