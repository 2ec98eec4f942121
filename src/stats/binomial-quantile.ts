import { OptionError, showValue } from '../errors.ts';
import { binomialTail } from './binomial-tail.ts';
import { checkCount, checkOpenUnit } from './check-arguments.ts';

/** Up to this many trials a tie is decided in integers. */
const EXACT_TRIALS = 1000;

/** A double in (0, 1) as numerator / 2^bits. */
function dyadic(x: number): { readonly numerator: bigint; readonly bits: number } {
  let bits = 0;
  for (; !Number.isInteger(x); bits++) x *= 2;
  return { numerator: BigInt(x), bits };
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

/** P(Bin(n, p) <= k) >= probability, for 0 <= k < n, through whichever tail is at most about one half. */
function reaches(k: number, n: number, p: number, probability: number): boolean {
  const logOdds = Math.log(p) - Math.log1p(-p);
  const upper = k + 1 > n * p;
  const tail = upper ? binomialTail(k + 1, n, logOdds) : binomialTail(n - k, n, -logOdds);
  const room = upper ? Math.log1p(-probability) - tail.log : tail.log - Math.log(probability);
  const error = 1e-12 + tail.slope * 1e-13 * (1 + Math.abs(logOdds) / 100);
  if (Math.abs(room) > error) return room > 0;
  return n <= EXACT_TRIALS && reachesExactly(k, n, p, probability);
}

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
    throw new OptionError(`\`p\` must be in [0, 1], got ${showValue(p)}`, { call, field: 'p', value: p });
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
