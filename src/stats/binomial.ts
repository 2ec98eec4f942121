import { OptionError, refusal } from '../errors.ts';
import { binomialDeviance, stirlingError } from './binomial-deviance.ts';
import { checkCount, checkOpenUnit } from './check-arguments.ts';

/** Up to this many trials 2^(n−1) and all partial sums of binomial coefficients are exact in a double. */
const EXACT_TRIALS = 53;

/**
 * p-value of the two-sided exact binomial test of `count1` against `count2` successes at probability ½.
 *
 * min(1, 2 P(Bin(n, ½) >= max(count1, count2))) with n = count1 + count2, which is min(1, 2 I_½(n₁, n₂+1)) for counts n₁ >= n₂. Equal
 * counts, and no counts at all, give 1. Exact for n <= 53 and for unanimous counts. Else never below the exact value, so that a test
 * `p <= alpha` errs to the side of not rejecting, and above it by less than 1e-12 relative (n <= 1e6; 1e-11 for n <= 1e9). Values
 * below 1e-308 lose digits and end in 0.
 *
 * @param count1 - one count, an integer in [0, 1e12]
 * @param count2 - the other count; the order does not matter
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * binomialTest(11, 0); // 2^-10 = 0.0009765625
 * ```
 * @see Hung, Fithian, "Rank verification for exponential families", 2019, for what the test means for the two most voted classes;
 * Cohen et al., "Certified adversarial robustness via randomized smoothing", 2019, section 3.2.1 (PREDICT).
 */
export function binomialTest(count1: number, count2: number): number {
  checkCount('binomialTest', 'count1', count1);
  checkCount('binomialTest', 'count2', count2);
  const most = Math.max(count1, count2);
  const n = count1 + count2;
  if (2 * most - n <= 1) return 1;
  if (most === n) return 2 ** (1 - n);
  if (n <= EXACT_TRIALS) return countUpperTail(most, n) * 2 ** (1 - n);
  const { log } = binomialTail(most, n, 0);
  // The error of `log`: the Stirling errors, a few units in the last place of the deviances (about −log), and of the tail sum, whose
  // i-th term is off by 2i units and whose weight lies below i = 0.4 sqrt(n).
  const slack = 1e-13 + 8e-16 * Math.min(-log, 750) + 2e-16 * Math.sqrt(n);
  return Math.min(1, 2 * Math.exp(log + slack));
}

/** P(Bin(n, ½) >= k) · 2^n, exact for n <= 53. */
function countUpperTail(k: number, n: number): number {
  let choose = 1; // C(n, n − j) for j = n, n−1, ..., k
  let sum = 1;
  for (let j = n; j > k; j--) {
    choose = (choose * j) / (n - j + 1);
    sum += choose;
  }
  return sum;
}

/** Up to this many trials a tie is decided in integers. */
const EXACT_QUANTILE_TRIALS = 1000;

/**
 * Quantile of the binomial distribution: the least k with P(Bin(n, p) <= k) >= `probability`.
 *
 * Never below the exact one. It can be one above it only for n > 1000, where the distribution function meets `probability` to about
 * 1e-12 relative; up to n = 1000 such a tie is decided in integers.
 *
 * @param probability - in (0, 1)
 * @param n - number of trials, an integer in [0, 1e12]; takes O(sqrt(n) log n) time
 * @param p - success probability in [0, 1]
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * binomialQuantile(0.999, 500, 0.001); // 4: of 500 certificates wrong with probability 0.001 each, more than 4 rarely are
 * ```
 */
export function binomialQuantile(probability: number, n: number, p: number): number {
  const call = 'binomialQuantile';
  checkOpenUnit(call, 'probability', probability);
  checkCount(call, 'n', n);
  if (!(p >= 0 && p <= 1)) {
    throw refusal(OptionError, { call, field: 'p', value: p }, 'must be in [0, 1]');
  }
  if (p === 0 || p === 1) return n * p;
  if (p === 0.5 && probability === 0.5) return Math.floor(n / 2); // by symmetry; for odd n a tie
  let below = -1;
  let reached = n;
  while (reached - below > 1) {
    const middle = Math.floor((below + reached) / 2);
    if (reaches(middle, n, p, probability)) reached = middle;
    else below = middle;
  }
  return reached;
}

/** P(Bin(n, p) <= k) >= probability, for 0 <= k < n, through whichever tail is at most about one half. */
function reaches(k: number, n: number, p: number, probability: number): boolean {
  const logOdds = Math.log(p) - Math.log1p(-p);
  const upper = k + 1 > n * p;
  const tail = upper ? binomialTail(k + 1, n, logOdds) : binomialTail(n - k, n, -logOdds);
  const room = upper ? Math.log1p(-probability) - tail.log : tail.log - Math.log(probability);
  const error = 1e-12 + tail.slope * 1e-13 * (1 + Math.abs(logOdds) / 100);
  if (Math.abs(room) > error) return room > 0;
  return n <= EXACT_QUANTILE_TRIALS && reachesExactly(k, n, p, probability);
}

/** P(Bin(n, p) <= k) >= probability, in integers. */
function reachesExactly(k: number, n: number, p: number, probability: number): boolean {
  const success = dyadic(p);
  const failure = (1n << BigInt(success.bits)) - success.numerator;
  let term = failure ** BigInt(n);
  let sum = term;
  for (let j = 0; j < k; j++) {
    term = (term * BigInt(n - j) * success.numerator) / (BigInt(j + 1) * failure); // an integer again
    sum += term;
  }
  const level = dyadic(probability);
  return sum << BigInt(level.bits) >= level.numerator << BigInt(success.bits * n);
}

/** A double in (0, 1) as numerator / 2^bits. */
function dyadic(x: number): { readonly numerator: bigint; readonly bits: number } {
  let bits = 0;
  for (; !Number.isInteger(x); bits++) x *= 2;
  return { numerator: BigInt(x), bits };
}

/** Log-odds below this are reported as −∞ (probability 0): the least normal double is e^−708.4. @internal */
export const LOWEST_LOG_ODDS = -708;

/** p = 1/(1 + e^−θ) and q = 1/(1 + e^θ) for the log-odds θ; both to a few units in the last place. @internal */
export function probabilitiesOfLogOdds(logOdds: number): { readonly p: number; readonly q: number } {
  const odds = Math.exp(-Math.abs(logOdds));
  const small = odds / (1 + odds);
  const large = 1 / (1 + odds);
  return logOdds < 0 ? { p: small, q: large } : { p: large, q: small };
}

/** The upper tail of a binomial distribution at some log-odds. */
interface BinomialTail {
  /** ln of P(Bin(n, p) > k) + weight · P(Bin(n, p) = k). */
  readonly log: number;
  /** Derivative of `log` by the log-odds ln(p/q); for weight 1 it equals E[X | X >= k] − np. */
  readonly slope: number;
}

/**
 * ln of P(Bin(n, p) > k) + weight · P(Bin(n, p) = k) and its slope, for 0 <= k <= n, a weight in (0, 1] and ln(p/q) = `logOdds`.
 *
 * Weight 1 is the tail P(Bin(n, p) >= k). Meant for tails up to about one half: there the terms of the sum fall from the start or
 * from the second one. Needs O(sqrt(n)) terms.
 *
 * @internal
 */
export function binomialTail(k: number, n: number, logOdds: number, weight: number = 1): BinomialTail {
  const { p, q } = probabilitiesOfLogOdds(logOdds);
  const ratio = tailRatio(k, n, p / q, weight);
  // The derivative of P(X >= k) is k·q·P(X = k), that of P(X = k) is (k − np) P(X = k).
  const slope = (weight * k * q + (1 - weight) * (n - k) * p) / ratio;
  return { log: logBinomialProbability(k, n, p, q) + Math.log(ratio), slope };
}

/**
 * (P(Bin > k) + weight · P(Bin = k)) / P(Bin = k) = weight + r₁ + r₁r₂ + ..., with r_i = (n−k−i+1)/(k+i) · p/q.
 *
 * All terms are positive and the r_i fall, so what is left out after a term t with ratio r < 1 is at most t·r/(1−r).
 */
function tailRatio(k: number, n: number, odds: number, weight: number): number {
  let term = 1;
  let sum = weight;
  let lost = 0; // what the additions have rounded away
  for (let j = k; j < n; j++) {
    const ratio = ((n - j) / (j + 1)) * odds;
    term *= ratio;
    const next = sum + term;
    lost += term - (next - sum);
    sum = next;
    if (term * ratio < 1e-17 * sum * (1 - ratio)) break;
  }
  return sum + lost;
}

/**
 * ln P(Bin(n, p) = k), accurate also where a difference of log-gammas is not (k near n/2, n = 1e9).
 *
 * ln C(n,k) p^k q^(n−k) = s(n) − s(k) − s(n−k) + ½ ln(n / 2πk(n−k)) − D(k, np) − D(n−k, nq), with s the error of Stirling's
 * formula and D the deviance: every large term has been cancelled by hand (C. Loader, "Fast and accurate computation of binomial
 * probabilities", 2000).
 */
function logBinomialProbability(k: number, n: number, p: number, q: number): number {
  const deviance = binomialDeviance(k, n - k, p, q).value;
  if (k === 0 || k === n) return -deviance;
  const correction = stirlingError(n) - stirlingError(k) - stirlingError(n - k);
  return correction + 0.5 * Math.log(n / (2 * Math.PI * k * (n - k))) - deviance;
}
