import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { fillNormals } from '../random/fill-normals.ts';
import { normalQuantileLower } from '../stats/normal.ts';
import { weakerReading } from '../stats/rounding.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { gaussianRadiusAgainst } from './gaussian-radius-against.ts';
import { SampledNoise } from './sampled-noise.ts';
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

/** Options of {@link GaussianNoise}. */
export interface GaussianNoiseOptions {
  /** Standard deviation per coordinate, in input units. */
  readonly sigma: number;
}

const gaussianNoiseOptions = optionsOf<GaussianNoiseOptions>()({ sigma: fields.positiveFloat32 });

/**
 * Isotropic Gaussian noise, ε ~ N(0, σ²I), added to the input before any normalisation and not clipped.
 *
 * Radius: ℓ2 and ℓ1 σ Φ⁻¹(p), ℓ∞ σ Φ⁻¹(p) / √d. The draws are float32 Box-Muller normals on 64 bits a pair (tails to 6.66 σ). After
 * `useWebgpu` of `catrs/webgpu` the WebGPU backend draws them itself, from the same bits and equal within float32 rounding.
 *
 * @throws OptionError if `sigma` is not a positive number.
 * @see Cohen, Rosenfeld, Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019, Theorem 1
 * @example
 * ```ts
 * const noise = new GaussianNoise({ sigma: 0.25 });
 * ```
 */
export class GaussianNoise extends SampledNoise {
  /** Standard deviation per coordinate, in input units. */
  readonly sigma: number;
  readonly #certified: number;

  /** Builds the noise for a standard deviation in input units. */
  constructor(options: GaussianNoiseOptions) {
    const { sigma } = gaussianNoiseOptions.parse('GaussianNoise', options);
    // The sampler works in float32: where that rounds sigma down, the radius must use the smaller value.
    const drawn = Math.fround(sigma);
    const certified = Math.min(sigma, drawn);
    super(
      {
        name: 'gaussian',
        parameters: { sigma },
        norms: ['l2', 'linf', 'l1'],
        sample: (out, request) => fillNormals(out, { ...request, scale: drawn }),
        radius: (bound, request) => gaussianRadius(bound, certified, request),
      },
      drawn,
    );
    this.sigma = sigma;
    this.#certified = certified;
  }

  /** Certified radius within which a class stays among the k most probable ones, by {@link gaussianRadiusAgainst}. */
  radiusAgainst(
    lower: ProbabilityBound,
    others: readonly UpperProbabilityBound[],
    k: number,
    request: RadiusRequest,
  ): number {
    return gaussianRadiusAgainst(lower, others, k, this.#certified, request);
  }
}
