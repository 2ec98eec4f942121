import jstat from 'jstat';
import { binomialTail } from './binomial-tail.ts';

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

/** Log-odds below this are reported as −∞ (probability 0): the least normal double is e^−708.4. */
const LOWEST_LOG_ODDS = -708;

/** Where Newton's method starts: jstat's inverse beta, or the odds k : n−k+1 where that fails or lies beyond them. */
function firstGuess(k: number, n: number, logTail: number): number {
  const highest = Math.log(k / (n - k + 1));
  const guess = jstat.ibetainv(Math.exp(logTail), k, n - k + 1);
  return guess > 0 && guess < 1 ? Math.min(Math.log(guess / (1 - guess)), highest) : highest;
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

/**
 * Log-odds at which P(Bin(n, p) > k) + weight · P(Bin(n, p) = k) = exp(logTail), moved to the side asked for until the tail there
 * provably is on that side. Weight 1, the default, is the tail P(Bin(n, p) >= k).
 *
 * `'below'`: the exact tail at the result is <= exp(logTail). `'above'`: >=. For 1 <= k <= n, logTail <= ln ½, and a weight of at
 * least 2 exp(logTail).
 *
 * The slope at such tails is at least ½ (½ for k = n = 1, ln 2 for k = n large), so the result is less than 5e-12 from the exact
 * log-odds. A change d of the log-odds changes q by the relative amount p·d.
 *
 * @internal
 */
export function binomialTailRoot(
  k: number,
  n: number,
  logTail: number,
  side: 'below' | 'above',
  weight: number = 1,
): number {
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
