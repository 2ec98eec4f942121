import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { halfRadius } from '../random/normal-pair.ts';
import { ROUND_DOWN, weakerReading } from '../stats/rounding.ts';
import type { ProbabilityBound } from '../types.ts';
import { fillFromBits, SampledNoise } from './sampled-noise.ts';
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

/** Options of {@link LaplaceNoise}. */
export interface LaplaceNoiseOptions {
  /** Scale λ of the density exp(−|e|/λ) / 2λ of each coordinate, in input units; the standard deviation is √2 λ. */
  readonly scale: number;
}

const laplaceNoiseOptions = optionsOf<LaplaceNoiseOptions>()({ scale: fields.positiveFloat32 });

/**
 * Laplace noise, independent in each coordinate, added to the input and not clipped.
 *
 * Radius: ℓ1 −λ ln(2(1 − p)), by norm inequalities ℓ2 that / √d and ℓ∞ that / d. The draws use 32 bits a coordinate: a sign and 31 bits of
 * −ln u, so they take 2³² values, up to 22.2 λ (beyond which the law has 2⁻³²), each within 4e-7 relative of the exact one.
 *
 * @throws OptionError if `scale` is not a positive number.
 * @see Teng, Lee, Yuan, "ℓ1 Adversarial Robustness Certificates: a Randomized Smoothing Approach", 2019
 * @example
 * ```ts
 * const noise = new LaplaceNoise({ scale: 0.25 });
 * ```
 */
export class LaplaceNoise extends SampledNoise {
  /** Scale of each coordinate, in input units. */
  readonly scale: number;

  /** Builds the noise for a scale in input units. */
  constructor(options: LaplaceNoiseOptions) {
    const { scale } = laplaceNoiseOptions.parse('LaplaceNoise', options);
    super({
      name: 'laplace',
      parameters: { scale },
      norms: ['l1', 'l2', 'linf'],
      sample: (out, request) => fillFromBits('LaplaceNoise.sample', out, request, (word) => scale * laplaceDraw(word)),
      radius: (bound, request) => laplaceRadius(bound, scale, request),
    });
    this.scale = scale;
  }
}

/** ∓ln u with u = (word | 1) / 2³², which does not use the last bit: that is the sign. The half radius is √(−½ ln u). @internal */
export function laplaceDraw(word: number): number {
  const rho = halfRadius(word);
  return (word & 1 ? 2 : -2) * rho * rho;
}
