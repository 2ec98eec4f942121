import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertFloat } from '../tensors/assert-shapes.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Norm, ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { changeBetween, CoordinateScales } from './coordinate-scales.ts';
import type { CoveredBy } from './covered-by.ts';
import {
  fillLatticeNormals,
  fillScaledLatticeNormals,
  latticeNormalTable,
  type LatticeNormalTable,
  LEVELS,
} from './lattice-normals.ts';
import { drawRequest } from './requests.ts';
import {
  scaledGaussianRadius,
  scaledGaussianRadiusAgainst,
  scaledGaussianRadiusBetween,
  scaledGaussianShift,
} from './scaled-gaussian-radius.ts';
import { coversScaled } from './scaled-noise.ts';
import { assertCount, assertDimension, keptScale, type Scale, soundScaleField } from './scales.ts';
import type { Domain, DrawRequest, Noise, NoiseParameters, RadiusRequest } from './types.ts';

/** The default headroom stays below this for any sigma; it bounds the size of the table. */
const MOST_HEADROOM = 100;

/** Options of {@link SoundGaussianNoise}. */
export interface SoundGaussianNoiseOptions {
  /**
   * Standard deviation per coordinate, in input units, where an 8-bit image is in [0, 1]. The double is taken exactly. A list has one for each coordinate,
   * 0 where it must not change ({@link perChannel}).
   */
  readonly sigma: Scale;
  /**
   * How far a noisy value may leave [0, 1] on either side: it is clipped to [−headroom, 1 + headroom]. Whole input units from 0 to 100.
   * @defaultValue ⌊6 sigma⌋ of the largest sigma, at least 1 and at most 100
   */
  readonly headroom?: number | undefined;
}

const soundGaussianNoiseOptions = optionsOf<SoundGaussianNoiseOptions>()({
  sigma: soundScaleField,
  headroom: fields.optional(
    fields.field<number>('must be an integer from 0 to 100', (v) => fields.isInteger(v, 0, MOST_HEADROOM)),
  ),
});

/**
 * Gaussian noise for 8-bit images whose certificates hold in floating point: x + ε with ε ~ N(0, σ²I), rounded to the multiples of 1/255 and
 * clipped to [−c, 1 + c], with c the headroom.
 *
 * For x on that lattice, rounding x + ε adds the integer i = round(255 ε) to the level k = 255 x of a coordinate. So i is drawn, from
 * P(i) = Φ((2i+1) / (510σ)) − Φ((2i−1) / (510σ)), by inversion of 64 random bits. The sum z = k + i of integers is clipped, and
 * float32(z / 255) goes to the model: nothing depends on x but through z. No i is ever drawn with more than its probability. What is lost to
 * rounding, at most (510 (c + 1) + 1) 2⁻⁶⁴ a coordinate, is the probability that a sample fails. A failed sample votes for no class and
 * counts as drawn, which lowers every bound on the top class.
 *
 * The certificate speaks of the smoothed classifier that rounds and clips x + ε, and holds for all real x. Radius: ℓ2 and ℓ1 σ Φ⁻¹(p), ℓ∞
 * σ Φ⁻¹(p) / √d; with a list of deviations those of {@link GaussianNoise}, norm `'scaled'` first. It is no additive noise: train with
 * {@link GaussianNoise} of the same sigma.
 *
 * @throws OptionError if `sigma` is neither a finite number above 0 nor a list of such numbers and 0, or `headroom` is out of range.
 * @see Voráček, Hein, "Sound Randomized Smoothing in Floating-Point Arithmetic", ICLR 2023
 * @example
 * ```ts
 * const noise = new SoundGaussianNoise({ sigma: 0.25 });
 * ```
 */
export class SoundGaussianNoise implements Noise {
  /** Name in logs. */
  readonly name: string = 'sound-gaussian';
  /** The norms that it certifies; ℓ2 is the default, with a list of deviations `'scaled'`. */
  readonly norms: readonly Norm[];
  /** Inputs must be float32(k / 255) for levels k = 0, ..., 255. */
  readonly domain: Domain = 'uint8';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = [
    'uniform bits',
    '8-bit input',
    'deterministic classifier independent of the batch',
    'the deployed pipeline rounds x + ε to the 8-bit lattice',
  ];
  /** Standard deviation per coordinate, in input units; a list has one for each. */
  readonly sigma: number | readonly number[];
  /** Noisy values are clipped to [−headroom, 1 + headroom]. */
  readonly headroom: number;
  /** `{ sigma, clip }`: logs call the headroom `clip`. */
  readonly parameters: NoiseParameters;
  readonly #reach: number;
  readonly #scales: CoordinateScales;
  readonly #tables = new Map<number, LatticeNormalTable>();

  /** Builds the noise; its tables, one for each different sigma (0.1 s for sigma up to 1), are made at the first draw. */
  constructor(options: SoundGaussianNoiseOptions) {
    const { sigma, headroom } = soundGaussianNoiseOptions.parse('SoundGaussianNoise', options);
    this.sigma = keptScale(sigma);
    this.#scales = new CoordinateScales(this.sigma, 2);
    this.norms = this.#scales.norms(['l2', 'linf', 'l1']);
    const largest = typeof this.sigma === 'number' ? this.sigma : Math.max(...this.sigma);
    this.headroom = headroom ?? Math.min(MOST_HEADROOM, Math.max(1, Math.floor(6 * largest)));
    this.parameters = { sigma: this.sigma, clip: this.headroom };
    // A larger |i| is clipped at every level, so that the ends can stand for the tails.
    this.#reach = LEVELS * (this.headroom + 1);
  }

  /**
   * Noisy copies of one 8-bit example, [count, ...inputShape], owned by the caller. Sample i depends on (key, i) alone.
   *
   * @param x - one example [...inputShape], float32 with values float32(k / 255); others are taken to the nearest level; not disposed
   * @throws OptionError also if a sample fails and the request has no `onFailure`
   */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    const call = 'Noise.perturb';
    const { key, start, count, onFailure = refuseFailure } = drawRequest.parse(call, request);
    assertFloat(call, 'x', x);
    const numbers = new Float32Array(count * x.size);
    const position = { key, start, dimension: x.size };
    const { sigma } = this;
    if (typeof sigma === 'number') fillLatticeNormals(call, numbers, this.#tableOf(sigma), position, onFailure);
    else {
      assertDimension(call, x.size, sigma.length);
      const tables = sigma.map((one) => (one === 0 ? undefined : this.#tableOf(one)));
      fillScaledLatticeNormals(call, numbers, tables, position, onFailure);
    }
    return latticeCopies(x, numbers, count, this.headroom);
  }

  #tableOf(sigma: number): LatticeNormalTable {
    const table = this.#tables.get(sigma) ?? latticeNormalTable(sigma, this.#reach);
    this.#tables.set(sigma, table);
    return table;
  }

  /** Size of a change in norm `'scaled'`, ‖δ/σ‖₂, rounded up: as that of {@link GaussianNoise}. */
  scaledNorm(change: ArrayLike<number>): number {
    return this.#scales.lengthOf('Noise.scaledNorm', change);
  }

  /** Whether a change of the input cannot change the class, by the bound on its probability: as that of {@link GaussianNoise}. */
  covers(change: ArrayLike<number>, by: CoveredBy & { readonly abstained?: boolean }): boolean {
    return coversScaled(this, change, by);
  }

  /** Size of the change from `a` to `b` in norm `'scaled'`, rounded up. */
  distance(a: Float32Array, b: Float32Array, _norm: Norm): number {
    return this.scaledNorm(changeBetween(a, b));
  }

  /** Throws TensorError for an example that has not a value for each deviation. */
  assertValues(call: string, values: Float32Array): void {
    const { sigma } = this;
    if (typeof sigma !== 'number') assertCount(call, values.length, sigma.length);
  }

  /** Certified radius for a lower bound on the top class, rounded down. */
  radius(bound: ProbabilityBound, request: RadiusRequest): number {
    return scaledGaussianRadius(this.#scales, bound, request);
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

function refuseFailure(sample: number): never {
  const way = `sample ${sample} failed and must not vote`;
  const details = { call: 'Noise.perturb', field: 'onFailure', value: undefined, way };
  throw refusal(OptionError, details, 'must be given where a sample cannot be drawn');
}

// z / 255 = z · 257 / 2^16 + z / (255 · 2^16), see `latticeCopies`.
const COARSE = 257 / 2 ** 16;
const FINE = 1 / (LEVELS * 2 ** 16);

/**
 * Noisy copies of an 8-bit image: float32(z / 255) with z = k + i clipped to [−255 c, 255 (1 + c)], where k is the level of a
 * coordinate, i its lattice noise and c the headroom.
 *
 * The level is 255 x rounded, limited to 0, ..., 255; for x = float32(k / 255) that is k on any device that multiplies with a relative error
 * below 1e-3. Whole numbers below 2^24 are exact in float32, and so are their sums. So copies depend on x through the integers z alone.
 *
 * What follows z is exact as well, so that all backends agree: the table z → float32(z / 255), with no table to look up. For |z| <= 65280,
 * z · 257 / 2^16 has 24 bits, so the first product is exact. The second is 2^-16 of the quotient and is rounded twice, an error below 2^-15
 * units in the last place of the quotient. In that unit the fraction of z / 255 is a multiple of 1/255, which is never closer than 1/510 to a
 * tie, so the sum is rounded as z / 255 itself. This takes correctly rounded products and sums, which IEEE 754 and WGSL both ask for.
 * (WGSL does not ask for correctly rounded quotients.)
 *
 * @param x - one example [...inputShape], float32; not disposed
 * @param numbers - lattice noise, whole numbers, [count, ...inputShape]
 * @param headroom - at most 255
 * @returns Copies [count, ...inputShape], owned by the caller.
 * @internal
 */
export function latticeCopies(x: tf.Tensor, numbers: Float32Array, count: number, headroom: number): tf.Tensor {
  return tf.tidy(() => {
    const level = tf.clipByValue(tf.round(tf.mul(x, LEVELS)), 0, LEVELS);
    const noise = tensorOver(numbers, [count, ...x.shape], 'float32');
    const z = tf.clipByValue(tf.add(tf.expandDims(level), noise), -LEVELS * headroom, LEVELS * (1 + headroom));
    return tf.add(tf.mul(z, COARSE), tf.mul(z, FINE));
  });
}
