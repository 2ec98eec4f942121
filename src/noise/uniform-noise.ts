import { parseUniformNoiseOptions } from '../options/uniform-noise-options.ts';
import { fillFromBits } from './fill-from-bits.ts';
import { uniformRadius } from './uniform-radius.ts';
import { SampledNoise } from './sampled-noise.ts';

/** Options of {@link UniformNoise}. */
export interface UniformNoiseOptions {
  /** Half the width λ of the interval [−λ, λ], in input units; the standard deviation is λ/√3. */
  readonly halfWidth: number;
}

/**
 * Uniform noise on [−λ, λ], independent in each coordinate, added to the input and not clipped.
 *
 * Radius: ℓ1 2λ(p − 1/2), ℓ∞ 2λ(1 − (3/2 − p)^(1/d)), ℓ2 √d times the ℓ∞ radius. No ℓ1 radius exceeds λ. The draws are the 2³² midpoints
 * λ((2w + 1)/2³² − 1), each rounded to float32.
 *
 * @throws OptionError if `halfWidth` is not a positive number.
 * @see Yang, Duan, Hu, Salman, Razenshteyn, Li, "Randomized Smoothing of All Shapes and Sizes", ICML 2020
 * @example
 * ```ts
 * const noise = new UniformNoise({ halfWidth: 0.5 });
 * ```
 */
export class UniformNoise extends SampledNoise {
  /** Half the width of the interval, in input units. */
  readonly halfWidth: number;

  /** Builds the noise for half a width in input units. */
  constructor(options: UniformNoiseOptions) {
    const { halfWidth } = parseUniformNoiseOptions('UniformNoise', options);
    super({
      name: 'uniform',
      parameters: { halfWidth },
      norms: ['l1', 'linf', 'l2'],
      sample: (out, request) =>
        fillFromBits('UniformNoise.sample', out, request, (word) => halfWidth * ((word + 0.5) * 2 ** -31 - 1)),
      radius: (bound, request) => uniformRadius(bound, halfWidth, request),
    });
    this.halfWidth = halfWidth;
  }
}
