import { weakerReading } from '../stats/weaker-reading.ts';
import type { ProbabilityBound } from '../types.ts';
import { ROUND_DOWN } from './round-down.ts';
import type { RadiusRequest } from './types.ts';

/**
 * Certified radius of Cauchy smoothing: ℓ∞ R = 2σ √(a − 1) with a = (4p(1 − p))^(−1/2d), ℓ2 and ℓ1 √d R; 0 for p ≤ 1/2.
 *
 * To move p down to 1/2 takes a Kullback-Leibler divergence of −½ ln(4p(1 − p)), and a shift by δ has Σ ln(1 + δᵢ²/4σ²). At a given ℓ∞
 * or ℓ2 norm that sum is largest when all |δᵢ| are equal, since ln(1 + ·) is concave; ℓ1 follows from ‖δ‖₂ ≤ ‖δ‖₁. Sound and not
 * tight. Taken through q = 1 − p and rounded down. The certificate covers the open ball ‖δ‖ < R.
 *
 * @param bound - lower bound p on the probability of the top class, with q = 1 − p; q = 0 gives ∞. Of parts that do not fit the one that claims
 * less counts.
 * @param scale - σ, half the distance between the quartiles of each coordinate, input units
 * @throws OptionError unless p and q are in [0, 1]
 * @see `Smooth.certify`, mode `cauchy`, of alinlab/smoothing-catrs (ℓ∞)
 */
export function cauchyRadius(bound: ProbabilityBound, scale: number, { norm, dimension }: RadiusRequest): number {
  const { p, q } = weakerReading('cauchyRadius', bound);
  if (!(p > 0.5 && q < 0.5)) return 0;
  const linf = 2 * scale * Math.sqrt(Math.expm1(minusLogFourPq(q) / (2 * dimension))) * ROUND_DOWN;
  return norm === 'linf' ? linf : Math.sqrt(dimension) * linf;
}

/** −ln(4q(1 − q)) for 0 ≤ q < 1/2: near 1/2 as −ln(1 − (1 − 2q)²), where 1 − 2q is exact. */
function minusLogFourPq(q: number): number {
  return q < 0.25 ? -(Math.log(4 * q) + Math.log1p(-q)) : -Math.log1p(-((1 - 2 * q) ** 2));
}
