import { optionsOf } from '../options/parse.ts';
import { ROUND_DOWN, ROUND_UP, weakerReading } from '../stats/rounding.ts';
import type { LengthNorm, ProbabilityBound } from '../types.ts';
import { CoordinateScales } from './coordinate-scales.ts';
import { boundOf, type CoveredBy } from './covered-by.ts';
import { fillFromBits } from './sampled-noise.ts';
import { ScaledNoise } from './scaled-noise.ts';
import { keptScale, type Scale, scaleField } from './scales.ts';
import type { RadiusRequest } from './types.ts';
import { boxRadius, movedOut } from './uniform-overlap.ts';

/**
 * Certified radius of uniform smoothing on [−λ, λ] in each coordinate; 0 for p ≤ 1/2.
 *
 * ℓ1 R = 2λ(p − 1/2), ℓ∞ R = 2λ(1 − (3/2 − p)^(1/d)), ℓ2 √d times the ℓ∞ radius, in norm `'scaled'` 2(p − 1/2). All are tight. A shift by δ leaves the share
 * Π(1 − |δᵢ|/2λ) of the cube in place, and moves a class probability by at most one minus that. In ℓ1 one axis is the worst direction;
 * in ℓ∞, and in ℓ2 because −ln(1 − √b) is concave for b ≤ 1/4, it is the diagonal. Rounded down; covers the open ball ‖δ‖ < R.
 *
 * @param bound - lower bound p on the probability of the top class, with q = 1 − p. Of parts that do not fit the one that claims less counts.
 * @param halfWidth - λ, input units
 * @throws OptionError unless p and q are in [0, 1]
 * @see Yang, Duan, Hu, Salman, Razenshteyn, Li, "Randomized Smoothing of All Shapes and Sizes", ICML 2020 (ℓ1, ℓ∞; ℓ2 as above)
 */
export function uniformRadius(bound: ProbabilityBound, halfWidth: number, request: RadiusRequest): number {
  return overlapRadius(excessOverHalf('uniformRadius', bound), halfWidth, request);
}

/** Options of {@link UniformNoise}. */
export interface UniformNoiseOptions {
  /**
   * Half the width λ of the interval [−λ, λ], in input units; the standard deviation is λ/√3. A list has one for each coordinate, 0 where it must not
   * change.
   */
  readonly halfWidth: Scale;
}

const uniformNoiseOptions = optionsOf<UniformNoiseOptions>()({ halfWidth: scaleField });

/**
 * Uniform noise on [−λ, λ], independent in each coordinate, added to the input and not clipped.
 *
 * Radius: ℓ1 2λ(p − 1/2), ℓ∞ 2λ(1 − (3/2 − p)^(1/d)), ℓ2 √d times the ℓ∞ radius. No ℓ1 radius exceeds λ. The draws are the 2³² midpoints
 * λ((2w + 1)/2³² − 1), each rounded to float32.
 *
 * With a half-width for each coordinate a change leaves Π(1 − |δᵢ|/2λᵢ) of the box in place ({@link UniformNoise.covers}): norm `'scaled'` is Σ|δᵢ|/λᵢ,
 * radius 2(p − 1/2); the other radii are the largest that this allows.
 *
 * @throws OptionError if `halfWidth` is neither a positive number nor a list of such numbers and 0.
 * @see Yang, Duan, Hu, Salman, Razenshteyn, Li, "Randomized Smoothing of All Shapes and Sizes", ICML 2020
 * @example
 * ```ts
 * const noise = new UniformNoise({ halfWidth: 0.5 });
 * ```
 */
export class UniformNoise extends ScaledNoise {
  /** Half the width of the interval, in input units; a list has one for each coordinate. */
  readonly halfWidth: number | readonly number[];
  readonly #scales: CoordinateScales;

  /** Builds the noise for half a width in input units, or one for each coordinate. */
  constructor(options: UniformNoiseOptions) {
    const halfWidth = keptScale(uniformNoiseOptions.parse('UniformNoise', options).halfWidth);
    const scales = new CoordinateScales(halfWidth, 1);
    super({
      name: 'uniform',
      parameters: { halfWidth },
      scales,
      lengths: ['l1', 'linf', 'l2'],
      sample: (out, request) =>
        fillFromBits('UniformNoise.sample', out, request, (word) => (word + 0.5) * 2 ** -31 - 1, halfWidth),
      radius: (bound, request) => {
        const excess = excessOverHalf('uniformRadius', bound);
        const { scale, ...one } = scales.oneScale(request);
        if (scales.list === undefined || request.norm === 'scaled') return overlapRadius(excess, scale, one);
        return boxRadius(excess, request.norm as LengthNorm, scales.groups);
      },
    });
    this.halfWidth = halfWidth;
    this.#scales = scales;
  }

  /** What is left of a probability within a radius, by {@link uniformShift}. */
  shiftDown(bound: ProbabilityBound, radius: number, request: RadiusRequest): ProbabilityBound {
    const { scale, ...one } = this.#scales.oneScale(request);
    return scale === 0 ? nothingLeft(bound, radius) : uniformShift(bound, radius, { ...one, halfWidth: scale });
  }

  /** Whether a change of the input cannot change the class, exactly: where it moves less than p − 1/2 of the box out of place. */
  override covers(change: ArrayLike<number>, by: CoveredBy & { readonly abstained?: boolean }): boolean {
    const { halfWidth } = this;
    this.scaledNorm(change); // throws for another number of values
    const widthAt = (i: number): number => (typeof halfWidth === 'number' ? halfWidth : halfWidth[i]!);
    return by.abstained !== true && movedOut(change, widthAt) < excessOverHalf('covers', boundOf(by));
  }
}

/**
 * What uniform noise on [−λ, λ] leaves of a probability within a radius: p − radius/2λ in ℓ1, which is tight; 0 at least.
 *
 * The other norms by the length in ℓ1 that they allow: √d radius in ℓ2, d radius in ℓ∞. Sound and not tight. Rounded down.
 *
 * @param bound - lower bound p, with q = 1 − p
 * @param radius - at least 0, input units
 * @throws OptionError unless p and q are in [0, 1]
 */
export function uniformShift(
  bound: ProbabilityBound,
  radius: number,
  { halfWidth, ...request }: RadiusRequest & { readonly halfWidth: number },
): ProbabilityBound {
  const lower = weakerReading('uniformShift', bound);
  const moved = (request.norm === 'scaled' ? radius / 2 : lengthInL1(radius, request) / (2 * halfWidth)) * ROUND_UP;
  return moved === 0 ? lower : loweredTo(Math.min(lower.p - moved, 1 - (lower.q + moved)) - 2 ** -52);
}

/** Length in ℓ1 that a length in another norm allows, rounded up. @internal */
export function lengthInL1(length: number, { norm, dimension }: RadiusRequest): number {
  return length * (norm === 'l1' ? 1 : norm === 'l2' ? Math.sqrt(dimension) : dimension) * ROUND_UP;
}

/** What is left of a probability within a radius that reaches a coordinate without noise: all of it at radius 0, else nothing. @internal */
export function nothingLeft(bound: ProbabilityBound, radius: number): ProbabilityBound {
  return radius === 0 ? weakerReading('shiftDown', bound) : { p: 0, q: 1 };
}

/** A lower bound, 0 where it is below. @internal */
export function loweredTo(p: number): ProbabilityBound {
  return p > 0 ? { p, q: 1 - p + 2 ** -53 } : { p: 0, q: 1 };
}

/** p − 1/2, exact above 1/4, and not rounded up by either part of the pair. @internal */
export function excessOverHalf(call: string, bound: ProbabilityBound): number {
  const { p, q } = weakerReading(call, bound);
  return Math.min(p - 0.5, 0.5 - q);
}

/** Radius within which less than `excess` of the cube of the noise moves out of place. @internal */
export function overlapRadius(excess: number, halfWidth: number, { norm, dimension }: RadiusRequest): number {
  if (!(excess > 0)) return 0;
  const width = 2 * (norm === 'scaled' ? 1 : halfWidth) * ROUND_DOWN;
  if (norm === 'l1' || norm === 'scaled') return width * excess;
  const linf = -width * Math.expm1(Math.log1p(-excess) / dimension);
  return norm === 'linf' ? linf : Math.sqrt(dimension) * linf;
}
