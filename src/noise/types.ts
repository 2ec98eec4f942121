import type * as tf from '@tensorflow/tfjs';
import type { Key, Norm, ProbabilityBound } from '../types.ts';

/** Which stretch of a stream of samples to draw. */
export interface DrawRequest {
  /** Drives the draws: sample i depends on (key, i) alone. */
  readonly key: Key;
  /** Index of the first sample. */
  readonly start: number;
  /** How many samples. */
  readonly count: number;
}

/** A request to fill a typed array with whole samples. */
export interface FillRequest {
  /** Drives the draws: coordinate j of sample i depends on (key, i, j) alone. */
  readonly key: Key;
  /** Index of the first sample. */
  readonly start: number;
  /** Coordinates of one sample. */
  readonly dimension: number;
}

/** A request for the noise of a training batch. */
export interface BatchDrawRequest {
  /** Drives the draws: image b uses `foldIn(key, b)`, its copy m is sample m. */
  readonly key: Key;
  /** Number of noisy copies of each image, M. */
  readonly numNoise: number;
  /** Shape of the batch of images, [B, ...inputShape]. */
  readonly shape: readonly number[];
}

/** For which inputs a certificate speaks: all real vectors, the unit cube, or the lattice of 8-bit images. */
export type Domain = 'real' | 'unit' | 'uint8';

/** What a radius depends on beside the probability bound. */
export interface RadiusRequest {
  /** The norm of the perturbation. */
  readonly norm: Norm;
  /** Number of coordinates of one input. */
  readonly dimension: number;
}

/**
 * A smoothing distribution: how it perturbs an input, and the certified radius that it implies.
 *
 * A plain object is enough; {@link additiveNoise} builds one from a sampler.
 */
export interface Noise {
  /** Short name for logs, with the parameters in `parameters`. */
  readonly name: string;
  /** The parameters that define the distribution, for logs; for example `{ sigma: 0.25 }`. */
  readonly parameters: Readonly<Record<string, number>>;
  /** The norms that it certifies; the first is the default. */
  readonly norms: readonly Norm[];
  /** The inputs for which its certificate holds. */
  readonly domain: Domain;
  /** Noisy copies of one example: x [...inputShape] → [count, ...inputShape], owned by the caller; `x` is not disposed. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor;
  /**
   * Certified radius implied by a lower bound on the probability of the top class, never rounded up.
   *
   * 0 where nothing can be certified (p ≤ 1/2).
   */
  radius(bound: ProbabilityBound, request: RadiusRequest): number;
}

/** A noise that is added to the input, x + ε, with ε independent of x: what training and attacks need. */
export interface AdditiveNoise extends Noise {
  /** Fills `out` (whole samples, row after row) with draws of ε, in input units. */
  sample(out: Float32Array, request: FillRequest): void;
  /** Noise of a training batch, [M, B, ...inputShape], owned by the caller. */
  sampleBatch(request: BatchDrawRequest): tf.Tensor;
}
