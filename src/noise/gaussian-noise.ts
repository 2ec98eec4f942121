import { optionsOf } from '../options/parse.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { CoordinateScales } from './coordinate-scales.ts';
import { fillScaledNormals } from './sampled-noise.ts';
import {
  scaledGaussianRadius,
  scaledGaussianRadiusAgainst,
  scaledGaussianRadiusBetween,
  scaledGaussianShift,
} from './scaled-gaussian-radius.ts';
import { ScaledNoise } from './scaled-noise.ts';
import { certifiedScale, keptScale, type Scale, scaleField } from './scales.ts';
import type { RadiusRequest } from './types.ts';

/** Options of {@link GaussianNoise}. */
export interface GaussianNoiseOptions {
  /** Standard deviation per coordinate, in input units. A list has one for each coordinate, 0 where it must not change. */
  readonly sigma: Scale;
}

const gaussianNoiseOptions = optionsOf<GaussianNoiseOptions>()({ sigma: scaleField });

/**
 * Gaussian noise, ε ~ N(0, σ²I) or with a standard deviation for each coordinate, added to the input before any normalisation and not clipped.
 *
 * Radius: ℓ2 and ℓ1 σ Φ⁻¹(p), ℓ∞ σ Φ⁻¹(p) / √d. The draws are float32 Box-Muller normals on 64 bits a pair (tails to 6.66 σ). After
 * `useWebgpu` of `catrs/webgpu` the WebGPU backend draws them itself, from the same bits and equal within float32 rounding.
 *
 * With a list of deviations norm `'scaled'` is ‖δ/σ‖₂, radius Φ⁻¹(p): features in other units, or channels, need no common one. ℓ2 and ℓ1 are
 * then min σ times that, ℓ∞ (Σσᵢ⁻²)^(−1/2); {@link gaussianRegion} has them all. A coordinate with deviation 0 has no noise: the certificate speaks of
 * changes that leave it alone, and the other radii are 0. The draws are standard normals times σᵢ, so votes are those of sigma 1 on x/σ.
 *
 * @throws OptionError if `sigma` is neither a positive number nor a list of such numbers and 0.
 * @see Cohen, Rosenfeld, Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019, Theorem 1; Eiras et al., "ANCER:
 * Anisotropic Certification via Sample-wise Volume Maximization", TMLR 2022
 * @example
 * ```ts
 * const noise = new GaussianNoise({ sigma: 0.25 });
 * const ofRow = new GaussianNoise({ sigma: [0.5, 12, 0.05, 0] }); // age, income, rate; the last cannot change
 * ```
 */
export class GaussianNoise extends ScaledNoise {
  /** Standard deviation per coordinate, in input units; a list has one for each. */
  readonly sigma: number | readonly number[];
  readonly #scales: CoordinateScales;

  /** Builds the noise for a standard deviation in input units, or one for each coordinate. */
  constructor(options: GaussianNoiseOptions) {
    const sigma = keptScale(gaussianNoiseOptions.parse('GaussianNoise', options).sigma);
    // The sampler works in float32: where that rounds sigma down, the radius must use the smaller value.
    const drawn = typeof sigma === 'number' ? Math.fround(sigma) : Float32Array.from(sigma);
    const scales = new CoordinateScales(certifiedScale(sigma), 2);
    super(
      {
        name: 'gaussian',
        parameters: { sigma },
        scales,
        lengths: ['l2', 'linf', 'l1'],
        sample: (out, request) => fillScaledNormals(out, request, drawn),
        radius: (bound, request) => scaledGaussianRadius(scales, bound, request),
      },
      drawn,
    );
    this.sigma = sigma;
    this.#scales = scales;
  }

  /** What is left of a probability within a radius, by {@link shiftDown}: ρ = radius/σ, in ℓ∞ √d times as much. */
  shiftDown(bound: ProbabilityBound, radius: number, request: RadiusRequest): ProbabilityBound {
    return scaledGaussianShift(this.#scales, bound, radius, request);
  }

  /** Radius within which one probability stays above another, by {@link gaussianRadiusBetween}. */
  radiusBetween(lower: ProbabilityBound, upper: UpperProbabilityBound, request: RadiusRequest): number {
    return scaledGaussianRadiusBetween(this.#scales, lower, upper, request);
  }

  /** Certified radius within which a class stays among the k most probable ones, by {@link gaussianRadiusAgainst}. */
  radiusAgainst(
    lower: ProbabilityBound,
    others: readonly UpperProbabilityBound[],
    k: number,
    request: RadiusRequest,
  ): number {
    return scaledGaussianRadiusAgainst(this.#scales, lower, others, k, request);
  }
}
