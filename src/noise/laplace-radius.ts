import { weakerReading } from '../stats/weaker-reading.ts';
import type { ProbabilityBound } from '../types.ts';
import { ROUND_DOWN } from './round-down.ts';
import type { RadiusRequest } from './types.ts';

/**
 * Certified radius of Laplace smoothing: ℓ1 R = −λ ln(2(1 − p)), ℓ2 R / √d, ℓ∞ R / d; 0 for p ≤ 1/2.
 *
 * The ℓ1 radius is tight: a half-space across one axis attains it. The others follow from ‖δ‖₁ ≤ √d ‖δ‖₂ and ‖δ‖₁ ≤ d ‖δ‖∞; they are
 * sound and not tight. Taken through q = 1 − p and rounded down. The certificate covers the open ball ‖δ‖ < R.
 *
 * @param bound - lower bound p on the probability of the top class, with q = 1 − p; q = 0 gives ∞. Of parts that do not fit the one that claims
 * less counts.
 * @param scale - scale λ of the density exp(−|e|/λ) / 2λ of each coordinate, input units
 * @throws OptionError unless p and q are in [0, 1]
 * @see Teng, Lee, Yuan, "ℓ1 Adversarial Robustness Certificates: a Randomized Smoothing Approach", 2019
 */
export function laplaceRadius(bound: ProbabilityBound, scale: number, { norm, dimension }: RadiusRequest): number {
  const { p, q } = weakerReading('laplaceRadius', bound);
  if (!(p > 0.5 && q < 0.5)) return 0;
  const l1 = -scale * Math.log(2 * q) * ROUND_DOWN;
  if (norm === 'l1') return l1;
  return l1 / (norm === 'l2' ? Math.sqrt(dimension) : dimension);
}
