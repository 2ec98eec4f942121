import { OptionError, refusal } from '../errors.ts';
import type { ProbabilityBound } from '../types.ts';
import { checkCount, checkOpenUnit } from './check-arguments.ts';
import { boundFromP, boundFromQ } from './rounding.ts';

/** What {@link empiricalBernsteinLowerBound} needs to know of a sample of scores in [0, 1]. */
export interface EmpiricalBernsteinSample {
  /** Sum of the scores, added up in doubles. */
  readonly sum: number;
  /** Sum of their squares, added up in doubles. */
  readonly sumOfSquares: number;
  /** Number of scores, an integer in [0, 1e12]. */
  readonly n: number;
  /** Failure probability in (0, 1), one-sided. */
  readonly alpha: number;
}

const CALL = 'empiricalBernsteinLowerBound';

/**
 * Empirical Bernstein lower confidence bound on the mean of a score in [0, 1], from independent scores.
 *
 * S/n − √(2V ln(2/α)/n) − 7 ln(2/α)/(3(n−1)) with the sample variance V = (Q − S²/n)/(n−1), S the sum and Q the sum of squares; 0 where
 * that is negative and for n < 2. With probability at least 1−α over the scores, the mean is at least that.
 *
 * Never above the exact value for the exact sums: adding n doubles is off by at most n·2^-53 relative, and S is lowered and Q raised by
 * that much before they are subtracted. This costs 3e-8 √ln(2/α), 8e-8 at α = 0.001, where all scores are equal, and less elsewhere.
 *
 * @throws OptionError for a value outside its domain, or sums that no scores in [0, 1] have.
 * @example
 * ```ts
 * empiricalBernsteinLowerBound({ sum: 990, sumOfSquares: 985, n: 1000, alpha: 0.001 }); // p = 0.963...
 * ```
 * @see A. Maurer, M. Pontil, "Empirical Bernstein bounds and sample variance penalization", 2009, theorem 4.
 */
export function empiricalBernsteinLowerBound(sample: EmpiricalBernsteinSample): ProbabilityBound {
  const { sum, sumOfSquares, n, alpha } = sample;
  const rounding = (n + 16) * 1.12e-16; // n·2^-53 with the second-order part, and the operations below
  check(sample, rounding);
  if (n < 2) return { p: 0, q: 1 };
  const low = Math.min(sum * (1 - rounding), n);
  const spread = Math.max(0, sumOfSquares * (1 + rounding) - (low / n) * low);
  const logTerm = Math.LN2 - Math.log(alpha);
  const deviation = Math.sqrt((2 * (spread / (n - 1)) * logTerm) / n) + (7 * logTerm) / (3 * (n - 1));
  const q = ((n - low) / n + deviation) * (1 + 4e-15);
  if (q >= 1) return { p: 0, q: 1 };
  return q <= 0.5 ? boundFromQ(q) : boundFromP(1 - q);
}

function check({ sum, sumOfSquares, n, alpha }: EmpiricalBernsteinSample, rounding: number): void {
  checkCount(CALL, 'n', n);
  checkOpenUnit(CALL, 'alpha', alpha);
  if (!(sum >= 0 && sum <= n * (1 + rounding))) {
    throw refusal(OptionError, { call: CALL, field: 'sum', value: sum }, `must be in [0, n] with n = ${n}`);
  }
  const [least, most] = [n === 0 ? 0 : (sum / n) * sum * (1 - 4 * rounding), sum * (1 + 4 * rounding)];
  if (sumOfSquares >= least && sumOfSquares <= most) return;
  const must = `must be in [sum²/n, sum] as it is for scores in [0, 1], with sum = ${sum} and n = ${n}`;
  throw refusal(OptionError, { call: CALL, field: 'sumOfSquares', value: sumOfSquares }, must);
}
