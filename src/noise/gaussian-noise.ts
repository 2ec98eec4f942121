import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { fillNormals } from '../random/fill-normals.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { gaussianRadius, gaussianRadiusAgainst, gaussianRadiusBetween, gaussianShift } from './gaussian-radius.ts';
import { SampledNoise } from './sampled-noise.ts';
import type { RadiusRequest } from './types.ts';

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

  /** What is left of a probability within a radius, by {@link shiftDown}: ρ = radius/σ, in ℓ∞ √d times as much. */
  shiftDown(bound: ProbabilityBound, radius: number, request: RadiusRequest): ProbabilityBound {
    return gaussianShift(bound, radius, { ...request, sigma: this.#certified });
  }

  /** Radius within which one probability stays above another, by {@link gaussianRadiusBetween}. */
  radiusBetween(lower: ProbabilityBound, upper: UpperProbabilityBound, request: RadiusRequest): number {
    return gaussianRadiusBetween(lower, upper, { ...request, sigma: this.#certified });
  }

  /** Certified radius within which a class stays among the k most probable ones, by {@link gaussianRadiusAgainst}. */
  radiusAgainst(
    lower: ProbabilityBound,
    others: readonly UpperProbabilityBound[],
    k: number,
    { norm, dimension }: RadiusRequest,
  ): number {
    return gaussianRadiusAgainst({ bound: lower, others, k, sigma: this.#certified, norm, dimension });
  }
}
