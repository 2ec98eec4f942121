import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { largestThatHolds } from '../stats/largest-that-holds.ts';
import { normalCdf, normalQuantileLower } from '../stats/normal.ts';
import { cappedUpperBound, ROUND_DOWN, ROUND_UP, weakerReading } from '../stats/rounding.ts';
import { shiftDown } from '../stats/shift-down.ts';
import type { Norm, ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import type { RadiusRequest } from './types.ts';

// Covers the roundings of one square root, one division and one product, 2⁻⁵³ each.
const THREE_ROUNDINGS = 1 - 2 ** -51;

/** What a radius in units of σ is multiplied by. */
function scaleIn(norm: Norm, sigma: number, dimension: number): number {
  if (norm === 'scaled') return 1;
  return norm === 'linf' ? sigma / Math.sqrt(dimension) : sigma;
}

/**
 * Certified radius of Gaussian smoothing with one bound: ℓ2 and ℓ1 R = σ Φ⁻¹(p), ℓ∞ R / √d, in norm `'scaled'` R / σ; 0 for p ≤ 1/2.
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
  const scale = scaleIn(norm, sigma, dimension);
  return Math.max(0, scale * normalQuantileLower(lower) * THREE_ROUNDINGS);
}

/**
 * What Gaussian noise leaves of a probability within a radius, {@link shiftDown} by ρ = radius/σ; ℓ∞ by √d times as much.
 *
 * @param bound - lower bound p, with q = 1 − p
 * @param radius - at least 0, input units
 * @param sigma - standard deviation per coordinate, input units
 * @throws OptionError unless p and q are in [0, 1] and `radius` is at least 0
 */
export function gaussianShift(
  bound: ProbabilityBound,
  radius: number,
  { sigma, norm, dimension }: RadiusRequest & { readonly sigma: number },
): ProbabilityBound {
  const scale = 1 / scaleIn(norm, sigma, dimension);
  return shiftDown(bound, radius * scale * ROUND_UP);
}

/**
 * Radius of Gaussian smoothing within which one probability stays above another, of events that may overlap: σ/2 (Φ⁻¹(p) − Φ⁻¹(u)), 0 where that is not
 * positive. ℓ1 the same, ℓ∞ R / √d. Every rounding goes down.
 *
 * @param bound - lower bound p on the one probability, with q = 1 − p; p may be below 1/2
 * @param other - upper bound u on the other
 * @param sigma - standard deviation per coordinate, input units
 * @throws OptionError unless all p and q are in [0, 1]
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, Theorem 1, of which the proof uses the two bounds alone
 */
export function gaussianRadiusBetween(
  bound: ProbabilityBound,
  other: UpperProbabilityBound,
  { sigma, norm, dimension }: RadiusRequest & { readonly sigma: number },
): number {
  const best = standardRadius(weakerReading('gaussianRadiusBetween', bound), readUpper(other), 1, 0);
  const scale = scaleIn(norm, sigma, dimension);
  return best > 0 ? scale * best * ROUND_DOWN : 0;
}

const CALL = 'gaussianRadiusAgainst';

/** What {@link gaussianRadiusAgainst} computes a radius from. */
export interface GaussianRadiusAgainstRequest extends RadiusRequest {
  /** Lower bound p on the probability of the class, with q = 1 − p; p may be below 1/2. */
  readonly bound: ProbabilityBound;
  /** Upper bounds on the probabilities of all other classes, in any order; for k = 1 the largest is enough. */
  readonly others: readonly UpperProbabilityBound[];
  /** The class stays among the k most probable ones; from 1 to the number of others. */
  readonly k: number;
  /** Standard deviation per coordinate, in input units. */
  readonly sigma: number;
}

const gaussianRadiusAgainstRequest = optionsOf<GaussianRadiusAgainstRequest>()({
  bound: fields.object<ProbabilityBound>('must be a bound { p, q }'),
  others: fields.field<readonly UpperProbabilityBound[]>('must be a list of bounds { p, q }', Array.isArray),
  k: fields.field<number>('must be a number', (v) => typeof v === 'number'),
  sigma: fields.positive,
  norm: fields.norm,
  dimension: fields.positiveInteger,
});

/**
 * Certified radius of Gaussian smoothing against upper bounds on the other classes: where the class stays among the k most probable.
 *
 * Each bound on another class is capped at 1 − p. Let b₁ ≥ ... ≥ b_k be the largest k, and S_t the sum of the smallest t of these, capped
 * too. Then R = σ max_t r_t, with r_t = 0 if p ≤ S_t/t, else the root of Φ(Φ⁻¹(p) − r) = Φ(Φ⁻¹(S_t) + r)/t. For k = 1 this is
 * σ/2 (Φ⁻¹(p) − Φ⁻¹(b₁)). ℓ1 the same, ℓ∞ R / √d. Every rounding goes down: no result is above the exact root, and
 * none more than 1e-11 σ below it. Of the parts of a bound that do not fit the one that claims less counts. The certificate covers the open
 * ball ‖δ‖ < R.
 *
 * @throws OptionError for a missing or unknown name, a `k` out of range, and unless all p and q are in [0, 1]
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, Theorem 1 (k = 1); Jia, Cao, Wang, Gong, "Certified Robustness for Top-k Predictions against
 * Adversarial Perturbations via Randomized Smoothing", ICLR 2020
 * @example
 * ```ts
 * const bound = clopperPearsonLowerBound(450, 1000, 0.0005);
 * const other = clopperPearsonUpperBound(100, 1000, 0.0005);
 * gaussianRadiusAgainst({ bound, others: [other], k: 1, sigma: 0.5, norm: 'l2', dimension: 784 }); // 0.21, though p < 1/2
 * ```
 */
export function gaussianRadiusAgainst(request: GaussianRadiusAgainstRequest): number {
  const { bound, others, k, sigma, norm, dimension } = gaussianRadiusAgainstRequest.parse(CALL, request);
  if (!(Number.isInteger(k) && k >= 1 && k <= others.length)) {
    const must = `must be an integer from 1 to ${others.length}, the number of other classes`;
    throw refusal(OptionError, { call: CALL, field: 'k', value: k }, must);
  }
  const lower = weakerReading(CALL, bound);
  const rivals = others.map((other) => cappedUpperBound(readUpper(other), lower)).sort((a, b) => b.p - a.p);
  let sum: UpperProbabilityBound = { p: 0, q: 1 };
  let best = 0;
  for (let t = 1; t <= k; t++) {
    const next = rivals[k - t];
    if (next !== undefined) sum = t === 1 ? next : cappedUpperBound(sumUp(sum, next), lower);
    best = standardRadius(lower, sum, t, best);
  }
  const scale = scaleIn(norm, sigma, dimension);
  return best > 0 ? scale * best * ROUND_DOWN : 0;
}

// Pays for the error of Φ (1e-14 relative) and of its argument (up to 39 · 2⁻⁴⁶ relative in Φ).
const SLACK = 2 ** -38;

// Below this, Φ in float64 has lost its relative accuracy.
const LEAST_PROBABILITY = 1e-300;

/** The larger of `atLeast` and r_t, rounded down. */
function standardRadius(lower: ProbabilityBound, sum: UpperProbabilityBound, t: number, atLeast: number): number {
  const above = normalQuantileLower(lower); // −∞ to ∞
  const below = -normalQuantileLower({ p: sum.q, q: sum.p });
  if (above === -Infinity || below === Infinity) return atLeast;
  if (above === Infinity || below === -Infinity) return Infinity;
  if (t === 1) return Math.max(atLeast, (above - below) / 2);
  const holds = (r: number): boolean => {
    const least = normalCdf(above - r) * (1 - SLACK);
    return least >= LEAST_PROBABILITY && least >= (normalCdf(below + r) / t) * (1 + SLACK);
  };
  return largestThatHolds(holds, atLeast);
}

/** The reading of an upper bound that claims less: the larger probability. */
function readUpper({ p, q }: UpperProbabilityBound): UpperProbabilityBound {
  const complement = weakerReading(CALL, { p: q, q: p });
  return { p: complement.q, q: complement.p };
}

/** Sum of two bounds, rounded up; its complement is exact above 1/2, where it counts. */
function sumUp(a: UpperProbabilityBound, b: UpperProbabilityBound): UpperProbabilityBound {
  const p = Math.min(1, (a.p + b.p) * (1 + 2 ** -51));
  return { p, q: 1 - p };
}
