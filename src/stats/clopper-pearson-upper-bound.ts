import { checkOpenUnit, checkSuccesses } from './check-arguments.ts';
import { clopperPearsonLowerBound } from './clopper-pearson-lower-bound.ts';

/**
 * An upper bound on a probability carried together with its complement: the mirror image of {@link ProbabilityBound}.
 *
 * Here `p` is rounded up and `q` down, so that the pair, too, never claims more than the exact bound.
 */
export interface UpperProbabilityBound {
  /** Upper bound on the probability, rounded up. */
  readonly p: number;
  /** `1 - p`, computed on its own and rounded down. */
  readonly q: number;
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
