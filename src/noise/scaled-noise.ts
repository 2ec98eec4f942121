import type { LengthNorm, Norm } from '../types.ts';
import type { AdditiveNoiseOptions } from './additive-noise.ts';
import { changeBetween, type CoordinateScales } from './coordinate-scales.ts';
import { SampledNoise } from './sampled-noise.ts';
import type { Noise } from './types.ts';
import { boundOf, type CoveredBy } from './covered-by.ts';

/** What {@link ScaledNoise} is built from. */
interface ScaledNoiseOptions extends Omit<AdditiveNoiseOptions, 'norms'> {
  /** The scales as certificates use them. */
  readonly scales: CoordinateScales;
  /** The lengths that it certifies, beside norm `'scaled'`. */
  readonly lengths: readonly LengthNorm[];
}

/** Whether a change is shorter than the radius, in norm `'scaled'`, that a bound on the probability alone gives. @internal */
export function coversScaled(
  noise: Pick<ScaledNoise, 'scaledNorm' | 'radius'>,
  change: ArrayLike<number>,
  by: CoveredBy & { readonly abstained?: boolean },
): boolean {
  const size = noise.scaledNorm(change);
  return by.abstained !== true && size < noise.radius(boundOf(by), { norm: 'scaled', dimension: change.length });
}

/**
 * An additive noise with one scale for all coordinates, or one for each: what Gaussian, Laplace and uniform noise have in common.
 *
 * Norm `'scaled'` measures a change in units of the scales, without a unit of its own: ‖δ/σ‖₂ for Gaussian, Σ|δᵢ|/λᵢ for Laplace and uniform noise. With a
 * scale for each coordinate it is the default. Scales must be chosen before any input is seen that is certified, the same ones for all inputs.
 */
export abstract class ScaledNoise extends SampledNoise {
  readonly #scales: CoordinateScales;

  /** Builds the noise from its sampler, its radius and its scales; `normalScale` as for {@link SampledNoise}. @internal */
  protected constructor({ scales, lengths, ...options }: ScaledNoiseOptions, normalScale?: number | Float32Array) {
    super({ ...options, norms: scales.norms(lengths) }, normalScale);
    this.#scales = scales;
  }

  /**
   * Size of a change in norm `'scaled'`, rounded up: a certificate in that norm covers the change where it is below the radius. ∞ where a coordinate of
   * scale 0 changes.
   *
   * @param change - δ, the values of the changed input less those of the input, in input units
   * @throws OptionError unless there is a value for each scale
   */
  scaledNorm(change: ArrayLike<number>): number {
    return this.#scales.lengthOf('Noise.scaledNorm', change);
  }

  /**
   * Whether a change of the input cannot change the class, by the lower bound on its probability alone. A certificate that bounds other classes too
   * (`topTwo`) covers all that `scaledNorm` puts below its radius, which may be more. One that abstains covers nothing.
   *
   * @param change - δ, the values of the changed input less those of the input, in input units
   * @param by - a certificate, or the bound
   * @throws OptionError unless there is a value for each scale
   */
  covers(change: ArrayLike<number>, by: CoveredBy & { readonly abstained?: boolean }): boolean {
    return coversScaled(this, change, by);
  }

  /** The copies of `perturb` without tensors, of inputs that the scales fit; undefined where a subclass has a `perturb` of its own. */
  override get fillCopies(): Noise['fillCopies'] {
    const fill = super.fillCopies;
    if (fill === undefined || this.#scales.list === undefined) return fill;
    return (out, x, request) => {
      this.#scales.assertFit('Noise.fillCopies', x);
      fill(out, x, request);
    };
  }

  /** Size of the change from `a` to `b` in norm `'scaled'`, rounded up. */
  distance(a: Float32Array, b: Float32Array, _norm: Norm): number {
    return this.scaledNorm(changeBetween(a, b));
  }

  /**
   * Throws TensorError for an example that has not a value for each scale, and for one with a value so far from 0 that float32 loses the noise: where
   * |xᵢ| 2⁻²³ is more than σᵢ 2⁻¹⁰.
   */
  assertValues(call: string, values: Float32Array): void {
    this.#scales.assertFit(call, values);
  }
}
