import * as tf from '@tensorflow/tfjs';
import { optionsOf } from '../options/parse.ts';
import { fillBits } from '../random/fill-bits.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Norm, ProbabilityBound } from '../types.ts';
import { drawRequest, halfWidthField } from './requests.ts';
import type { Domain, DrawRequest, Noise, RadiusRequest } from './types.ts';
import { excessOverHalf, overlapRadius } from './uniform-noise.ts';

/** Options of {@link SplittingNoise}. */
export interface SplittingNoiseOptions {
  /** Half the distance λ between two splits of one coordinate, in input units; from 1/512. */
  readonly halfWidth: number;
}

// Below 1/512, a coordinate in [0, 1] would need more than 257 splits, each an array of the size of the noise.
const splittingNoiseOptions = optionsOf<SplittingNoiseOptions>()({
  halfWidth: halfWidthField('1/512', '2^16', (width) => width >= 2 ** -8 && width <= 2 ** 17),
});

// Splits lie on a grid of 2³² points, 2λ/2³² apart up to the rounding of one product. So the chance that one separates two values is
// their distance over 2λ plus at most one point, and the rounding, which for 2λ ≥ 2⁻⁸ is below 2⁻¹² of a point.
const GRID_LOSS = 2 ** -32 + 2 ** -44;

/**
 * Splitting noise: each coordinate is split at sᵢ + 2λℤ, sᵢ uniform on (0, 2λ), and replaced by the middle of the part of [0, 1] it is in.
 *
 * With u the first split that is not below xᵢ: (min(u, 1) + max(u − 2λ, 0)) / 2. Not additive; the classifier must be trained on such
 * copies. Radius: ℓ1 2λ(p − 1/2); as the splits are independent, also ℓ∞ 2λ(1 − (3/2 − p)^(1/d)) and ℓ2 √d times that, as
 * `uniformRadius`; each for p − d/2³², which pays for the finite grid of the splits. Unlike those of the additive noises, these radii hold
 * in float32 as they stand: splits are rounded down to float32, and no float32 number can tell that from the exact split. A copy costs
 * ⌈1/2λ⌉ comparisons and uploads.
 *
 * @throws OptionError if `halfWidth` is not a number from 1/512 to 2¹⁶.
 * @see Levine, Feizi, "Improved, Deterministic Smoothing for L1 Certified Robustness", ICML 2021
 * @example
 * ```ts
 * const noise = new SplittingNoise({ halfWidth: 0.5 });
 * ```
 */
export class SplittingNoise implements Noise {
  /** Name in logs. */
  readonly name: string = 'splitting';
  /** The norms that it certifies; ℓ1 is the default. */
  readonly norms: readonly Norm[] = ['l1', 'linf', 'l2'];
  /** The certificate holds for inputs in the unit cube. */
  readonly domain: Domain = 'unit';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = [
    'uniform bits',
    'float32 input',
    'deterministic classifier independent of the batch',
  ];
  /** Half the distance between two splits of one coordinate, in input units. */
  readonly halfWidth: number;
  /** `{ halfWidth }`. */
  readonly parameters: Readonly<Record<string, number>>;

  /** Builds the noise for half a distance in input units. */
  constructor(options: SplittingNoiseOptions) {
    const { halfWidth } = splittingNoiseOptions.parse('SplittingNoise', options);
    this.halfWidth = halfWidth;
    this.parameters = { halfWidth };
  }

  /** Noisy copies of one example, [count, ...inputShape], owned by the caller. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    const { key, start, count } = drawRequest.parse('Noise.perturb', request);
    const words = new Uint32Array(count * x.size);
    fillBits(words, { key, start, dimension: x.size });
    return splitFeatures(x, words, 2 * this.halfWidth);
  }

  /** Certified radius for a lower bound on the top class, rounded down. */
  radius(bound: ProbabilityBound, request: RadiusRequest): number {
    const excess = excessOverHalf('SplittingNoise.radius', bound) - request.dimension * GRID_LOSS;
    return overlapRadius(excess, this.halfWidth, request);
  }
}

/**
 * Copies of x in which each coordinate is the middle of its part of [0, 1], split at s + width·ℤ with s = width (word + 1/2) / 2³².
 *
 * A feature depends on its word and on how many of the splits s, s + width, ... lie below the coordinate. These comparisons are exact:
 * each split is rounded down to a float32 number, and a float32 number is above that one just when it is above the split itself. The sign of a
 * float32 difference is that of the exact one.
 *
 * @param x - one example [...inputShape], float32, in [0, 1]
 * @param words - 32 bits for each coordinate of each copy, whole copies
 * @returns [copies, ...inputShape], owned by the caller
 * @internal
 */
export function splitFeatures(x: tf.Tensor, words: Uint32Array, width: number): tf.Tensor {
  const shape = [words.length / x.size, ...x.shape];
  return tf.tidy(() => {
    const image = tf.expandDims(x);
    const first = tensorOver(splitsBelow(words, width, 0), shape, 'float32');
    let below: tf.Tensor = tf.step(tf.sub(image, first)); // tf.greater is slow on WASM
    for (let m = 1; m * width < 1; m++) {
      const split = tensorOver(splitsBelow(words, width, m), shape, 'float32');
      below = tf.add(below, tf.step(tf.sub(image, split)));
    }
    const upper = tf.add(first, tf.mul(below, width));
    return tf.mul(tf.add(tf.minimum(upper, 1), tf.maximum(tf.sub(upper, width), 0)), 0.5);
  });
}

/** The splits width (m + (word + 1/2) / 2³²), each rounded down to float32. */
function splitsBelow(words: Uint32Array, width: number, m: number): Float32Array {
  const splits = new Float32Array(words.length);
  const bits = new Int32Array(splits.buffer);
  for (let at = 0; at < words.length; at++) {
    const split = width * (m + (words[at]! + 0.5) * 2 ** -32);
    splits[at] = split;
    if (splits[at]! > split) bits[at]!--; // the float32 number before a positive one
  }
  return splits;
}
