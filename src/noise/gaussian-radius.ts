import { normalQuantileLower } from '../stats/normal-quantile-lower.ts';
import { weakerReading } from '../stats/weaker-reading.ts';
import type { ProbabilityBound } from '../types.ts';
import type { RadiusRequest } from './types.ts';

// Covers the roundings of one square root, one division and one product, 2⁻⁵³ each.
const ROUND_DOWN = 1 - 2 ** -51;

/**
 * Certified radius of Gaussian smoothing with one bound: ℓ2 and ℓ1 R = σ Φ⁻¹(p), ℓ∞ R / √d; 0 for p ≤ 1/2.
 *
 * The quantile is taken through the smaller tail and every rounding goes down. The certificate covers the open ball ‖δ‖ < R.
 * The ℓ1 value is the ℓ2 value, since ‖δ‖₂ ≤ ‖δ‖₁.
 *
 * @param bound - lower bound p on the probability of the top class, with q = 1 − p. Of parts that do not fit the one that claims less counts.
 * @param sigma - standard deviation per coordinate, input units
 * @throws OptionError unless p and q are in [0, 1]
 * @see Cohen, Rosenfeld, Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019, Theorem 1
 */
export function gaussianRadius(bound: ProbabilityBound, sigma: number, { norm, dimension }: RadiusRequest): number {
  const lower = weakerReading('gaussianRadius', bound);
  if (!(lower.p > 0.5)) return 0;
  const scale = norm === 'linf' ? sigma / Math.sqrt(dimension) : sigma;
  return Math.max(0, scale * normalQuantileLower(lower) * ROUND_DOWN);
}
