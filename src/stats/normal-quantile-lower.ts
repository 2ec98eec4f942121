import type { ProbabilityBound } from '../types.ts';
import { checkBound, normalQuantile } from './normal-quantile.ts';
import { weakerReading } from './weaker-reading.ts';

const CALL = 'normalQuantileLower';

/** Ten times the bound on the relative error of {@link normalQuantile}, a hundred times the largest error measured (8e-16). */
const SLACK = 1e-13;

/**
 * Quantile of the standard normal distribution, Φ⁻¹(p), rounded down: never above the exact quantile of the pair.
 *
 * Taken through the smaller of p and q like {@link normalQuantile}, unless the other one claims less, and then lowered by 1e-13 relative, ten times the bound on the error of that.
 * A certified Gaussian L2 radius is sigma times this.
 *
 * @param bound - a lower bound p, and q = 1 − p, each accurate on its own, as from {@link clopperPearsonLowerBound}
 * @throws OptionError unless p and q are complements.
 * @example
 * ```ts
 * const radius = sigma * normalQuantileLower(clopperPearsonLowerBound(k, n, alpha)); // negative: nothing is certified
 * ```
 */
export function normalQuantileLower(bound: ProbabilityBound): number {
  checkBound(CALL, bound);
  const z = normalQuantile(weakerReading(CALL, bound));
  return Number.isFinite(z) ? z - SLACK * Math.abs(z) : z;
}
