import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { twiceCosine, twiceSine } from '../random/normal-pair.ts';
import { ROUND_DOWN, weakerReading } from '../stats/rounding.ts';
import type { ProbabilityBound } from '../types.ts';
import { fillFromBits, SampledNoise } from './sampled-noise.ts';
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

/** Options of {@link CauchyNoise}. */
export interface CauchyNoiseOptions {
  /** Scale σ of each coordinate, in input units: half of all draws lie in [−σ, σ]. There is no standard deviation. */
  readonly scale: number;
}

const cauchyNoiseOptions = optionsOf<CauchyNoiseOptions>()({ scale: fields.positiveFloat32 });

/**
 * Cauchy noise, independent in each coordinate, added to the input and not clipped.
 *
 * Radius: ℓ∞ 2σ √(a − 1) with a = (4p(1 − p))^(−1/2d), ℓ2 and ℓ1 √d times that. The draws are σ tan(πv/2) at the 2³² midpoints v of
 * (−1, 1), up to 2.7e9 σ (beyond which the law has 2⁻³²), each within 4e-7 relative of the exact one. Such values leave few bits of x in
 * float32.
 *
 * @throws OptionError if `scale` is not a positive number.
 * @see mode `cauchy` of alinlab/smoothing-catrs
 * @example
 * ```ts
 * const noise = new CauchyNoise({ scale: 0.1 });
 * ```
 */
export class CauchyNoise extends SampledNoise {
  /** Scale of each coordinate, in input units. */
  readonly scale: number;

  /** Builds the noise for a scale in input units. */
  constructor(options: CauchyNoiseOptions) {
    const { scale } = cauchyNoiseOptions.parse('CauchyNoise', options);
    super({
      name: 'cauchy',
      parameters: { scale },
      norms: ['linf', 'l2', 'l1'],
      sample: (out, request) => fillFromBits('CauchyNoise.sample', out, request, (word) => scale * cauchyDraw(word)),
      radius: (bound, request) => cauchyRadius(bound, scale, request),
    });
    this.scale = scale;
  }
}

/** tan(πv/2) with v = (2 word + 1) / 2³² − 1, as sine over cosine for |v| ≤ 1/2 and cosine over sine of the rest beyond. @internal */
export function cauchyDraw(word: number): number {
  const v = (word + 0.5) * 2 ** -31 - 1; // exact, never 0 or ±1
  const rest = 1 - Math.abs(v);
  const y = Math.fround(2 * Math.min(Math.abs(v), rest)); // in eighth turns, as the polynomials want it
  const z = Math.fround(y * y);
  const tangent = twiceSine(y, z) / twiceCosine(z);
  return Math.sign(v) * (Math.abs(v) > rest ? 1 / tangent : tangent);
}

/** −ln(4q(1 − q)) for 0 ≤ q < 1/2: near 1/2 as −ln(1 − (1 − 2q)²), where 1 − 2q is exact. */
function minusLogFourPq(q: number): number {
  return q < 0.25 ? -(Math.log(4 * q) + Math.log1p(-q)) : -Math.log1p(-((1 - 2 * q) ** 2));
}
