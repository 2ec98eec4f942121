import { optionsOf } from '../options/parse.ts';
import { halfRadius } from '../random/normal-pair.ts';
import { boundFromQ, ROUND_DOWN, ROUND_UP, weakerReading } from '../stats/rounding.ts';
import type { ProbabilityBound } from '../types.ts';
import { CoordinateScales } from './coordinate-scales.ts';
import { fillFromBits } from './sampled-noise.ts';
import { ScaledNoise } from './scaled-noise.ts';
import { keptScale, type Scale, scaleField } from './scales.ts';
import type { RadiusRequest } from './types.ts';
import { lengthInL1, loweredTo, nothingLeft } from './uniform-noise.ts';

/**
 * Certified radius of Laplace smoothing: ℓ1 R = −λ ln(2(1 − p)), ℓ2 R / √d, ℓ∞ R / d, in norm `'scaled'` R / λ; 0 for p ≤ 1/2.
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
  const l1 = -(norm === 'scaled' ? 1 : scale) * Math.log(2 * q) * ROUND_DOWN;
  if (norm === 'l1' || norm === 'scaled') return l1;
  return l1 / (norm === 'l2' ? Math.sqrt(dimension) : dimension);
}

/** Options of {@link LaplaceNoise}. */
export interface LaplaceNoiseOptions {
  /**
   * Scale λ of the density exp(−|e|/λ) / 2λ of each coordinate, in input units; the standard deviation is √2 λ. A list has one for each coordinate, 0 where
   * it must not change.
   */
  readonly scale: Scale;
}

const laplaceNoiseOptions = optionsOf<LaplaceNoiseOptions>()({ scale: scaleField });

/**
 * Laplace noise, independent in each coordinate, added to the input and not clipped.
 *
 * Radius: ℓ1 −λ ln(2(1 − p)), by norm inequalities ℓ2 that / √d and ℓ∞ that / d. The draws use 32 bits a coordinate: a sign and 31 bits of
 * −ln u, so they take 2³² values, up to 22.2 λ (beyond which the law has 2⁻³²), each within 4e-7 relative of the exact one.
 *
 * With a scale for each coordinate norm `'scaled'` is Σ|δᵢ|/λᵢ, radius −ln(2(1 − p)); ℓ1 that · min λ, ℓ2 / √Σλᵢ⁻², ℓ∞ / Σλᵢ⁻¹.
 *
 * @throws OptionError if `scale` is neither a positive number nor a list of such numbers and 0.
 * @see Teng, Lee, Yuan, "ℓ1 Adversarial Robustness Certificates: a Randomized Smoothing Approach", 2019
 * @example
 * ```ts
 * const noise = new LaplaceNoise({ scale: 0.25 });
 * ```
 */
export class LaplaceNoise extends ScaledNoise {
  /** Scale of each coordinate, in input units; a list has one for each. */
  readonly scale: number | readonly number[];
  readonly #scales: CoordinateScales;

  /** Builds the noise for a scale in input units, or one for each coordinate. */
  constructor(options: LaplaceNoiseOptions) {
    const scale = keptScale(laplaceNoiseOptions.parse('LaplaceNoise', options).scale);
    const scales = new CoordinateScales(scale, 1);
    super({
      name: 'laplace',
      parameters: { scale },
      scales,
      lengths: ['l1', 'l2', 'linf'],
      sample: (out, request) => fillFromBits('LaplaceNoise.sample', out, request, laplaceDraw, scale),
      radius: (bound, request) => {
        const { scale: one, ...length } = scales.oneScale(request);
        return one === 0 ? 0 : laplaceRadius(bound, one, length);
      },
    });
    this.scale = scale;
    this.#scales = scales;
  }

  /** What is left of a probability within a radius, by {@link laplaceShift}. */
  shiftDown(bound: ProbabilityBound, radius: number, request: RadiusRequest): ProbabilityBound {
    const one = this.#scales.oneScale(request);
    return one.scale === 0 ? nothingLeft(bound, radius) : laplaceShift(bound, radius, one);
  }
}

/**
 * What Laplace noise leaves of a probability within a radius: max(e^−ρ p, 1 − e^ρ q) with ρ = radius/λ in ℓ1, as the densities differ by e^ρ at most.
 *
 * The other norms by the length in ℓ1 that they allow: √d radius in ℓ2, d radius in ℓ∞. Rounded down.
 *
 * @param bound - lower bound p, with q = 1 − p
 * @param radius - at least 0, input units
 * @throws OptionError unless p and q are in [0, 1]
 */
export function laplaceShift(
  bound: ProbabilityBound,
  radius: number,
  { scale, ...request }: RadiusRequest & { readonly scale: number },
): ProbabilityBound {
  const lower = weakerReading('laplaceShift', bound);
  const rho = (request.norm === 'scaled' ? radius : lengthInL1(radius, request) / scale) * ROUND_UP;
  if (rho === 0) return lower;
  const [byRatio, byRest] = [lower.p * Math.exp(-rho) * ROUND_DOWN, lower.q * Math.exp(rho) * ROUND_UP];
  return byRest < 0.5 ? boundFromQ(byRest) : loweredTo(Math.max(byRatio, 1 - byRest - 2 ** -53));
}

/** ∓ln u with u = (word | 1) / 2³², which does not use the last bit: that is the sign. The half radius is √(−½ ln u). @internal */
export function laplaceDraw(word: number): number {
  const rho = halfRadius(word);
  return (word & 1 ? 2 : -2) * rho * rho;
}
