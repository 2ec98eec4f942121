import { parseScaledNoiseOptions } from '../options/scaled-noise-options.ts';
import { twiceCosine, twiceSine } from '../random/normal-pair.ts';
import { cauchyRadius } from './cauchy-radius.ts';
import { fillFromBits } from './fill-from-bits.ts';
import { SampledNoise } from './sampled-noise.ts';

/** Options of {@link CauchyNoise}. */
export interface CauchyNoiseOptions {
  /** Scale σ of each coordinate, in input units: half of all draws lie in [−σ, σ]. There is no standard deviation. */
  readonly scale: number;
}

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
    const { scale } = parseScaledNoiseOptions('CauchyNoise', options);
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
