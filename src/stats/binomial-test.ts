import { binomialTail } from './binomial-tail.ts';
import { checkCount } from './check-arguments.ts';

/** Up to this many trials 2^(n−1) and all partial sums of binomial coefficients are exact in a double. */
const EXACT_TRIALS = 53;

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
