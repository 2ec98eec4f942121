import type { LengthNorm, Norm } from '../types.ts';
import { type ScaledLength, scaledLength, scaleFactor } from './scale-factors.ts';
import { assertDimension, assertScalesFit, groupsOf, listOf, type Scale, type ScaleGroup } from './scales.ts';
import type { RadiusRequest } from './types.ts';

/** A request for a radius in a length, and the one scale whose noise has that radius. @internal */
export interface OneScale {
  /** Input units; 1 in norm 'scaled', 0 where nothing can be certified. */
  readonly scale: number;
  readonly norm: LengthNorm;
  readonly dimension: number;
}

/**
 * The scales of a noise as its certificates use them: one for all coordinates, or one for each.
 *
 * With ε = S w and S diagonal, smoothing f at x is smoothing f(S ·) at S⁻¹x with the noise w of scale 1, so that any radius for w holds for S⁻¹δ.
 * @see Eiras et al., "ANCER: Anisotropic Certification via Sample-wise Volume Maximization", TMLR 2022
 * @internal
 */
export class CoordinateScales {
  /** The scales, where there is one for each coordinate. */
  readonly list: readonly number[] | undefined;
  /** The different scales of the list. */
  readonly groups: readonly ScaleGroup[];
  readonly #all: number;
  readonly #length: ScaledLength;

  constructor(scale: Scale, length: ScaledLength) {
    this.list = listOf(scale);
    this.groups = groupsOf(this.list ?? []);
    this.#all = typeof scale === 'number' ? scale : NaN;
    this.#length = length;
  }

  /** The norms that a noise certifies, with the scaled one: first where each coordinate has its own scale. */
  norms(lengths: readonly LengthNorm[]): readonly Norm[] {
    return this.list === undefined ? [...lengths, 'scaled'] : ['scaled', ...lengths];
  }

  /** The radius that is asked for as that of one scale. */
  oneScale({ norm, dimension }: RadiusRequest): OneScale {
    // The other radii do not depend on the dimension, which may not be known yet.
    if (this.list !== undefined && norm === 'linf') assertDimension('Noise.radius', dimension, this.list.length);
    const own = this.#length === 2 ? 'l2' : 'l1';
    if (norm === 'scaled') return { scale: 1, norm: own, dimension };
    const length = norm as LengthNorm;
    if (this.list === undefined) return { scale: this.#all, norm: length, dimension };
    return { scale: scaleFactor(length, this.groups, this.#length), norm: own, dimension };
  }

  /** The length of change/scale, rounded up. */
  lengthOf(call: string, change: ArrayLike<number>): number {
    const { list } = this;
    if (list !== undefined) assertDimension(call, change.length, list.length);
    return scaledLength(change, list === undefined ? () => this.#all : (i) => list[i]!, this.#length);
  }

  /** Throws TensorError unless an example has a value for each scale that float32 keeps the noise of; one scale for all takes any. */
  assertFit(call: string, values: ArrayLike<number>): void {
    if (this.list !== undefined) assertScalesFit(call, values, this.list);
  }
}

/** b − a, in float64. @internal */
export function changeBetween(a: Float32Array, b: Float32Array): Float64Array {
  return Float64Array.from(a, (value, i) => b[i]! - value);
}
