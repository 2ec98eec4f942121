import jstat from 'jstat';
import { OptionError, refusal } from '../errors.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { binomialTail, LOWEST_LOG_ODDS } from './binomial.ts';
import { checkOpenUnit, checkSuccesses } from './check-arguments.ts';
import { boundAtLogOdds } from './rounding.ts';

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

/**
 * One-sided Clopper-Pearson upper confidence bound on the success probability after `k` successes in `n` trials.
 *
 * U(k, n, α) = 1 − L(n−k, n, α), with L of {@link clopperPearsonLowerBound}; U(n) = 1. Never below the exact bound: `p` is at most
 * 2e-11 relative above it, `q` at most 1 − `p`.
 *
 * @param k - number of successes, an integer in [0, n]
 * @param n - number of trials, an integer in [0, 1e12]; 0 gives the bound 1
 * @param alpha - failure probability in (0, 1), one-sided
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * const { p } = clopperPearsonUpperBound(1_000, 100_000, 0.0005); // 0.01107792...
 * ```
 */
export function clopperPearsonUpperBound(k: number, n: number, alpha: number): UpperProbabilityBound {
  checkSuccesses('clopperPearsonUpperBound', k, n);
  checkOpenUnit('clopperPearsonUpperBound', 'alpha', alpha);
  const failures = clopperPearsonLowerBound(n - k, n, alpha);
  return { p: failures.q, q: failures.p };
}

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
    throw refusal(OptionError, { call, field: 'draw', value: draw }, 'must be in (0, 1]');
  }
  const weight = Math.max(draw, 2 * alpha);
  if (weight >= 1) return clopperPearsonLowerBound(k, n, alpha);
  if (k === 0) return { p: 0, q: 1 };
  const logOdds = binomialTailRoot(k, n, Math.log(alpha), 'below', weight);
  return logOdds === -Infinity ? { p: 0, q: 1 } : boundAtLogOdds(logOdds);
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
 * Grid, in bits, on which the tail probability is rounded, so that the bound is monotone in alpha to the last bit.
 *
 * Two alphas in one cell give the same bound; two cells differ by more than the rounding errors of the solver, which act like
 * 1e-14 in the log-odds and are multiplied by the slope, of order 1 + sqrt(n·p·q).
 */
function logTailGrid(k: number, n: number): number {
  const slope = 1 + Math.sqrt((k * (n - k)) / n);
  return 2 ** (Math.ceil(Math.log2(slope)) - 38);
}

/**
 * Bound on the absolute error of the computed ln tail, with room to spare.
 *
 * For tails >= 1e-300 the proven part is below 3e-13: the deviances (at most 745, a few units in the last place each, 1.5e-13),
 * the logarithm of alpha (at most 745, 1e-13), the three Stirling errors (2e-14 each) and the two other logarithms.
 */
const LOG_ERROR = 1e-12;

/**
 * Bound on the error that acts like a change of the log-odds, with room to spare.
 *
 * Rounding p, q, np and nq shifts the log-odds by a few 1e-16. Away from the mean, deviance() cancels at most tenfold, an error of
 * k·1e-16 in ln tail where the slope is at least k/20. The i-th term of the tail sum is off by up to 3i·1e-16; its weight lies at i
 * up to about sqrt(n·p·q), and the slope is of the same order. Together below 2e-14.
 */
const LOG_ODDS_ERROR = 1e-13;

/**
 * Log-odds at which P(Bin(n, p) > k) + weight · P(Bin(n, p) = k) = exp(logTail), moved to the side asked for until the tail there
 * provably is on that side. Weight 1, the default, is the tail P(Bin(n, p) >= k).
 *
 * `'below'`: the exact tail at the result is <= exp(logTail). `'above'`: >=. For 1 <= k <= n, logTail <= ln ½, and a weight of at
 * least 2 exp(logTail).
 *
 * The slope at such tails is at least ½ (½ for k = n = 1, ln 2 for k = n large), so the result is less than 5e-12 from the exact
 * log-odds. A change d of the log-odds changes q by the relative amount p·d.
 */
function binomialTailRoot(k: number, n: number, logTail: number, side: 'below' | 'above', weight: number = 1): number {
  const sign = side === 'below' ? -1 : 1;
  const { logOdds, slope } = solve(k, n, logTail, weight);
  if (logOdds === -Infinity) return logOdds;
  const logOddsError = LOG_ODDS_ERROR * Math.max(1, Math.abs(logOdds) / 100); // log-odds near 700 are a grid of 1e-13
  let distance = 2 * logOddsError + (1.5 * LOG_ERROR) / slope;
  for (;;) {
    const moved = logOdds + sign * distance;
    const tail = binomialTail(k, n, moved, weight);
    if (sign * (tail.log - logTail) >= LOG_ERROR + tail.slope * logOddsError) return moved;
    distance *= 2;
  }
}

/**
 * Solves tail = exp(logTail) for the log-odds ln(p/q), to rounding, and gives the slope of ln tail beside it.
 *
 * With weight 1, ln tail is increasing and concave in the log-odds (an exponential family whose truncation to X >= k has the smaller
 * variance), so the tangent lies above it and Newton's method converges from below, whatever the start. A smaller weight can bend
 * it the other way for a while; then the known bracket of the root stops a step that goes too far.
 */
function solve(
  k: number,
  n: number,
  logTail: number,
  weight: number,
): { readonly logOdds: number; readonly slope: number } {
  let logOdds = firstGuess(k, n, logTail);
  let low = -Infinity;
  let high = Infinity;
  let slope = k;
  for (let i = 0; i < 200; i++) {
    const tail = binomialTail(k, n, logOdds, weight);
    const step = (logTail - tail.log) / tail.slope;
    slope = tail.slope;
    if (step < 0 && logOdds === LOWEST_LOG_ODDS) return { logOdds: -Infinity, slope };
    if (step < 0) high = logOdds;
    else low = logOdds;
    logOdds = Math.max(logOdds + step, LOWEST_LOG_ODDS); // the first step can undershoot far
    if (Math.abs(step) < 1e-10) break; // quadratic convergence: the error left is far below rounding
    if ((logOdds <= low || logOdds >= high) && high - low < Infinity) logOdds = (low + high) / 2;
  }
  return { logOdds, slope };
}

/** Where Newton's method starts: jstat's inverse beta, or the odds k : n−k+1 where that fails or lies beyond them. */
function firstGuess(k: number, n: number, logTail: number): number {
  const highest = Math.log(k / (n - k + 1));
  const guess = jstat.ibetainv(Math.exp(logTail), k, n - k + 1);
  return guess > 0 && guess < 1 ? Math.min(Math.log(guess / (1 - guess)), highest) : highest;
}
