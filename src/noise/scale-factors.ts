import type { LengthNorm } from '../types.ts';
import type { ScaleGroup } from './scales.ts';

/** Which length of change/scale a noise certifies: ‖·‖₂ of Gaussian noise, ‖·‖₁ of Laplace and uniform noise. @internal */
export type ScaledLength = 1 | 2;

/** Pays for the roundings of a sum of so many terms, of their powers and of a root. */
const slack = (terms: number): number => (terms + 16) * 2 ** -52;

/**
 * How large a change is in a norm, at most, for each unit of its scaled length: ‖δ‖ < f r follows from Σ|δᵢ/σᵢ|ᵖ < rᵖ nowhere sooner. Rounded
 * down; 0 where a coordinate has no noise.
 *
 * ℓ1: min σ, as a convex length is largest at an axis. p = 2: ℓ2 min σ, ℓ∞ (Σ σᵢ⁻²)^(−1/2). p = 1: ℓ2 (Σ σᵢ⁻²)^(−1/2) by Cauchy and Schwarz, ℓ∞ (Σ σᵢ⁻¹)⁻¹.
 * @internal
 */
export function scaleFactor(norm: LengthNorm, groups: readonly ScaleGroup[], length: ScaledLength): number {
  if (groups.some(({ scale }) => scale === 0)) return 0;
  if (norm === 'l1' || (norm === 'l2' && length === 2)) return Math.min(...groups.map(({ scale }) => scale));
  const power = norm === 'linf' && length === 1 ? 1 : 2;
  const sum = groups.reduce((total, { scale, count }) => total + count / scale ** power, 0);
  return (power === 1 ? 1 / sum : 1 / Math.sqrt(sum)) * (1 - slack(groups.length));
}

/**
 * Scaled length of a change, (Σ |δᵢ/σᵢ|ᵖ)^(1/p), rounded up; ∞ where a coordinate without noise changes.
 *
 * @param scaleAt - the scale of coordinate i
 * @internal
 */
export function scaledLength(
  change: ArrayLike<number>,
  scaleAt: (coordinate: number) => number,
  length: ScaledLength,
): number {
  let largest = 0;
  const ratios = new Float64Array(change.length);
  for (let i = 0; i < change.length; i++) {
    const size = Math.abs(change[i]!);
    // A quotient that underflows is still a change.
    ratios[i] = size === 0 ? 0 : Math.max(size / scaleAt(i), Number.MIN_VALUE);
    if (Number.isNaN(ratios[i])) return Infinity;
    largest = Math.max(largest, ratios[i]!);
  }
  if (largest === 0 || largest === Infinity) return largest;
  let sum = 0;
  for (const ratio of ratios) sum += length === 1 ? ratio / largest : (ratio / largest) ** 2;
  return largest * (length === 1 ? sum : Math.sqrt(sum)) * (1 + slack(ratios.length)) + Number.MIN_VALUE;
}

/** Σ ln σᵢ; −∞ where a coordinate has no noise. @internal */
export function logProduct(groups: readonly ScaleGroup[]): number {
  return groups.reduce((sum, { scale, count }) => sum + count * Math.log(scale), 0);
}
