import { boundOf, type CoveredBy } from '../covered-by.ts';
import * as tf from '@tensorflow/tfjs';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { fillNormals } from '../../random/fill-normals.ts';
import { foldIn } from '../../random/key.ts';
import { normalQuantileLower } from '../../stats/normal.ts';
import { ROUND_DOWN, ROUND_UP, weakerReading } from '../../stats/rounding.ts';
import { tensorOver } from '../../tensors/own-tensor.ts';
import type { Norm, ProbabilityBound } from '../../types.ts';
import type { Domain, DrawRequest } from '../types.ts';
import { type ParameterNoise, transformedCopies, type TransformationParameter } from './parameter-noise.ts';

/** Options of {@link ShiftNoise}. */
export interface ShiftNoiseOptions {
  /** Standard deviation of the shift along each axis, in pixels, before it is rounded to whole ones. */
  readonly sigma: number;
  /**
   * Standard deviation of Gaussian noise that is added to each pixel behind the shift, in input units; 0: none.
   * @defaultValue 0
   */
  readonly pixelSigma?: number | undefined;
}

const shiftNoiseOptions = optionsOf<ShiftNoiseOptions>()({
  sigma: fields.positiveFloat32,
  pixelSigma: fields.withDefault(fields.nonNegative, 0),
});

/** A cyclic shift by whole pixels, and a change of the pixels. */
export interface ShiftChange {
  /**
   * Whole pixels down and to the right; what leaves at one side comes in at the other.
   * @defaultValue [0, 0]
   */
  readonly shift?: readonly [down: number, right: number] | undefined;
  /**
   * ℓ2 length of a change of the pixels, input units.
   * @defaultValue 0
   */
  readonly l2?: number | undefined;
}

const shiftChange = optionsOf<ShiftChange>()({
  shift: fields.withDefault(
    fields.field<readonly [number, number]>(
      'must be [down, right], two integers',
      (v) => Array.isArray(v) && v.length === 2 && v.every((by) => Number.isSafeInteger(by)),
    ),
    [0, 0],
  ),
  l2: fields.withDefault(fields.nonNegative, 0),
});

/**
 * Random cyclic shifts by whole pixels, with or without Gaussian noise on the pixels: certifies shifts of the input that wrap around.
 *
 * A copy is shifted by round(σ w) pixels along each axis, w ~ N(0, I). Rounding commutes with shifts by whole pixels, so a copy of the shifted image is a copy of the image
 * whose normals have moved: the class stays for ‖t‖₂ < σ Φ⁻¹(p), t whole pixels (norm `'parameter'`). With noise on the pixels too, for
 * ‖t‖²/σ² + ‖δ‖²/σ_pixel² < Φ⁻¹(p)² ({@link ShiftNoise.covers}), as shifts only change the places of pixels. Mirrored or black borders are no group of shifts: for these,
 * enumerate ({@link certifyShifts}).
 *
 * @throws OptionError unless `sigma` is a positive number and `pixelSigma` one of at least 0
 * @see Li et al., "TSS: Transformation-Specific Smoothing for Robustness Certification", CCS 2021 (its code wraps); derived in the guide
 * @example
 * ```ts
 * const noise = new ShiftNoise({ sigma: 3 });
 * ```
 */
export class ShiftNoise implements ParameterNoise {
  /** Name in logs. */
  readonly name: string = 'shift';
  /** It certifies a parameter. */
  readonly norms: readonly Norm[] = ['parameter'];
  /** The certificate holds for all real images. */
  readonly domain: Domain = 'real';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['real arithmetic', 'cyclic shifts by whole pixels'];
  /** What the radius is of. */
  readonly parameter: TransformationParameter = { name: 'length of a cyclic shift', unit: 'pixels', oneSided: false };
  /** `{ sigma, pixelSigma }`. */
  readonly parameters: {
    /** Of the shift, in pixels. */
    readonly sigma: number;
    /** Of the noise on the pixels, input units; 0: none. */
    readonly pixelSigma: number;
  };

  /** Builds the noise for a deviation in pixels. */
  constructor(options: ShiftNoiseOptions) {
    const { sigma, pixelSigma } = shiftNoiseOptions.parse('ShiftNoise', options);
    this.parameters = { sigma, pixelSigma };
  }

  /** Shifted copies of one image [height, width] or [height, width, channels], owned by the caller. Copy i depends on (key, i) alone. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    return transformedCopies({ transform: (copies, draws) => this.transform(copies, draws) }, x, request);
  }

  /** Shifts each of several images by its own draw. */
  transform(copies: tf.Tensor, request: DrawRequest): tf.Tensor {
    const { count, key, start } = request;
    const shifts = this.shifts(request);
    const shifted = tf
      .unstack(copies)
      .map((image, i) => rolled(rolled(image, 0, shifts[2 * i]!), 1, shifts[2 * i + 1]!));
    const moved = tf.stack(shifted);
    const { pixelSigma } = this.parameters;
    if (pixelSigma === 0) return moved;
    const normals = new Float32Array(copies.size);
    fillNormals(normals, { key: foldIn(key, 0), start, dimension: copies.size / count, scale: pixelSigma });
    return tf.add(moved, tensorOver(normals, copies.shape, 'float32'));
  }

  /** Whole pixels down and to the right, draw after draw. */
  shifts({ key, start, count }: Pick<DrawRequest, 'key' | 'start' | 'count'>): Int32Array {
    const normals = new Float32Array(2 * count);
    fillNormals(normals, { key, start, dimension: 2, scale: this.parameters.sigma });
    return Int32Array.from(normals, Math.round);
  }

  /** Length of the cyclic shifts that are covered, rounded down: σ Φ⁻¹(p). */
  radius(bound: ProbabilityBound): number {
    const lower = weakerReading('ShiftNoise.radius', bound);
    const { sigma } = this.parameters;
    return lower.p > 0.5
      ? Math.max(0, Math.min(sigma, Math.fround(sigma)) * normalQuantileLower(lower) * ROUND_DOWN)
      : 0;
  }

  /** Whether the class of a certificate stays when the image is shifted, and its pixels change. */
  covers(of: CoveredBy, change: ShiftChange): boolean {
    const lower = weakerReading('ShiftNoise.covers', boundOf(of));
    return lower.p > 0.5 && this.share(change) < normalQuantileLower(lower) ** 2 * ROUND_DOWN;
  }

  /** ‖t‖²/σ² + ‖δ‖²/σ_pixel², rounded up. */
  share(change: ShiftChange): number {
    const { shift, l2 } = shiftChange.parse('ShiftNoise.covers', change);
    const { sigma, pixelSigma } = this.parameters;
    const [down, right] = shift;
    const ofShift = (down * down + right * right) / Math.min(sigma, Math.fround(sigma)) ** 2;
    const ofPixels = l2 === 0 ? 0 : (l2 / Math.min(pixelSigma, Math.fround(pixelSigma))) ** 2;
    return (ofShift + ofPixels) * ROUND_UP;
  }
}

/** An image shifted along an axis; what leaves comes in at the other side. @internal */
export function rolled(image: tf.Tensor, axis: number, by: number): tf.Tensor {
  const length = image.shape[axis] ?? 0;
  const first = (((-by % length) + length) % length) as number;
  if (first === 0) return image;
  const part = (from: number, to: number): tf.Tensor =>
    tf.slice(
      image,
      image.shape.map((_, a) => (a === axis ? from : 0)),
      image.shape.map((size, a) => (a === axis ? to - from : size)),
    );
  return tf.concat([part(first, length), part(0, first)], axis);
}
