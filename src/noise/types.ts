import type * as tf from '@tensorflow/tfjs';
import type { DrawPosition } from '../random/draw-position.ts';
import type { Key, Norm, ProbabilityBound, UpperProbabilityBound } from '../types.ts';

/** Which samples of a key to draw. */
export interface DrawRequest {
  /** Drives the draws: sample i depends on (key, i) alone. */
  readonly key: Key;
  /** Index of the first sample. */
  readonly start: number;
  /** How many samples. */
  readonly count: number;
  /**
   * Told the index of each sample that the sampler could not draw; its copy is void and must not vote. Without it such a sample is
   * an error. Only samplers that can fail call it: the floating-point sound ones, about once in 10¹³ images of 3072 values.
   */
  readonly onFailure?: ((sample: number) => void) | undefined;
}

/** A request for the noise of a training batch. */
export interface BatchDrawRequest {
  /** Drives the draws: image b uses `foldIn(key, firstImage + b)`, its copy m is sample m. */
  readonly key: Key;
  /** Number of noisy copies of each image, M. */
  readonly numNoise: number;
  /** Shape of the batch of images, [B, ...inputShape]. */
  readonly shape: readonly number[];
  /**
   * Index of the first image in the batch that `key` belongs to: not 0 for a share of a batch. A `sampleBatch` of your own must heed it, or
   * all shares get the same noise.
   * @defaultValue 0
   */
  readonly firstImage?: number | undefined;
}

/** Where the noise of a batch comes from when it is not given. @internal */
export interface NoiseSource extends Pick<BatchDrawRequest, 'key' | 'numNoise'> {
  readonly noise: AdditiveNoise;
}

/**
 * For which inputs a certificate speaks: all real vectors, the unit cube, the lattice of 8-bit images, vectors of zeros and ones, or sequences
 * of token ids (whole numbers from 0 to 2²⁴).
 */
export type Domain = 'real' | 'unit' | 'uint8' | 'binary' | 'tokens';

/** What a radius depends on beside the probability bound. */
export interface RadiusRequest {
  /** The norm of the perturbation. */
  readonly norm: Norm;
  /** Number of coordinates of one input. */
  readonly dimension: number;
}

/** Parameters of a noise, as JSON holds them. */
export type NoiseParameters = Readonly<Record<string, number | string | boolean | readonly number[]>>;

/** The noise of a result, as it is logged; `noiseOf` makes the noise again. */
export interface NoiseRecord {
  /** Name of the noise. */
  readonly name: string;
  /** The parameters that define the distribution, for example `{ sigma: 0.25 }`. */
  readonly parameters: NoiseParameters;
}

/**
 * A smoothing distribution: how it perturbs an input, and the certified radius that it implies.
 *
 * A plain object is enough; {@link additiveNoise} builds one from a sampler.
 */
export interface Noise extends NoiseRecord {
  /** The norms that it certifies; the first is the default. */
  readonly norms: readonly Norm[];
  /** The inputs for which its certificate holds. */
  readonly domain: Domain;
  /**
   * What its certificate takes for granted, in short phrases for logs.
   * @defaultValue ['real arithmetic']: the sampler and the sum x + ε are treated as exact
   */
  readonly assumptions?: readonly string[];
  /**
   * Shape of a copy of an example of this shape: what the classifier takes.
   * @defaultValue the shape of the example
   */
  copyShape?(inputShape: readonly number[]): readonly number[];
  /**
   * Throws TensorError for an example with values that the noise does not take, beyond what `domain` says: asked once for each example.
   * @defaultValue every value of the domain is taken
   */
  assertValues?(call: string, values: Float32Array): void;
  /** Noisy copies of one example: x [...inputShape] → [count, ...copyShape], owned by the caller; `x` is not disposed. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor;
  /**
   * Fills `out` with the copies of `perturb`, bit by bit (within rounding, where the backend draws for `perturb`), without tensors: a short
   * cut for classifiers of typed arrays. Whoever replaces `perturb` replaces this too, or leaves it undefined.
   *
   * @param out - whole copies, row after row; `request.start` is the index of the first
   * @param x - the values of the example, `request.dimension` of them (a copy may have more, see `copyShape`)
   */
  readonly fillCopies?: ((out: Float32Array, x: Float32Array, request: DrawPosition) => void) | undefined;
  /**
   * Which positions of the example these copies show, for noises that hide the others: 1 for shown and 0 for hidden ones, position after
   * position, copy after copy; a new array. Classifiers of typed arrays get it as `kept`.
   */
  keptPositions?(request: Pick<DrawRequest, 'key' | 'start' | 'count'>): Uint8Array;
  /**
   * Certified radius implied by a lower bound on the probability of the top class, never rounded up.
   *
   * 0 where nothing can be certified (p ≤ 1/2). In a norm that counts changes: the largest number of changes that cannot turn the answer, and -1 where nothing
   * can be certified, as 0 changes is a proof. It must not fall with p. The shipped noises take the part that claims less of a bound whose p and q do
   * not fit.
   */
  radius(bound: ProbabilityBound, request: RadiusRequest): number;
  /**
   * Radius within which a class stays among the k most probable ones, never rounded up; 0 where that is not certain even at x, -1 in a norm that counts
   * changes. Noises without this method know only the one-sided radius above.
   *
   * @param lower - lower bound on the probability of the class; it may be below 1/2
   * @param others - upper bounds on the probabilities of all other classes, in any order; for k = 1 the largest is enough
   * @param k - how many classes count as the top, at least 1 and at most the number of others
   */
  radiusAgainst?(
    lower: ProbabilityBound,
    others: readonly UpperProbabilityBound[],
    k: number,
    request: RadiusRequest,
  ): number;
  /**
   * Radius within which one probability stays above another, of events that may overlap, so that neither limits the other; never rounded up, 0 where that is
   * not certain even at x. Noises without this method know it by `shiftDown`.
   *
   * @param lower - lower bound on the one at x
   * @param upper - upper bound on the other
   */
  radiusBetween?(lower: ProbabilityBound, upper: UpperProbabilityBound, request: RadiusRequest): number;
  /**
   * What is left of a probability within a radius, never rounded up: for every h with values in [0, 1] and E h(x + ε) ≥ p, a lower bound on
   * E h(x + δ + ε) for ‖δ‖ ≤ radius. It must rise with p and be convex in it. Noises without it know only what stays above 1/2, by `radius`.
   *
   * @param bound - lower bound p on the probability at x; it may be below 1/2
   * @param radius - at least 0, in input units
   */
  shiftDown?(bound: ProbabilityBound, radius: number, request: RadiusRequest): ProbabilityBound;
  /**
   * Size of the change from `a` to `b`, two inputs, in a norm that counts changes, or in `'scaled'`, rounded up: what its radius speaks of.
   * @defaultValue `'l0'`: the number of other values; `'patch'`: the side of the smallest square that holds all changed pixels of [height, width, channels];
   * `'edit'`: the number of edits of all values
   */
  distance?(a: Float32Array, b: Float32Array, norm: Norm): number;
}

/**
 * A smoothing distribution that is finite: all its noisy copies are enumerated, so its certificate needs no key, no n and no alpha, and
 * is never wrong.
 */
export interface DeterministicNoise extends NoiseRecord {
  /** The norms that it certifies; the first is the default. */
  readonly norms: readonly Norm[];
  /** The inputs for which its certificate holds. */
  readonly domain: Domain;
  /** What its certificate takes for granted, in short phrases for logs. */
  readonly assumptions?: readonly string[];
  /** How many noisy copies make up the whole distribution. */
  readonly copies: number;
  /**
   * Shape of a copy of an example of this shape: what the classifier takes.
   * @defaultValue the shape of the example
   */
  copyShape?(inputShape: readonly number[]): readonly number[];
  /** Copies start .. start + count − 1 of one example: x [...inputShape] → [count, ...copyShape], owned by the caller. */
  perturb(x: tf.Tensor, request: { readonly start: number; readonly count: number }): tf.Tensor;
  /**
   * Which positions of the example these copies show, for noises that hide the others: 1 for shown and 0 for hidden ones, position after
   * position, copy after copy; a new array. Classifiers of typed arrays get it as `kept`.
   */
  keptPositions?(request: { readonly start: number; readonly count: number }): Uint8Array;
  /**
   * Fills `out` with the copies of `perturb`, bit by bit, without tensors: a short cut for training. Whoever replaces `perturb` replaces this
   * too, or leaves it undefined.
   *
   * @param out - whole copies, row after row; `request.start` is the number of the first
   * @param x - the values of the example
   */
  readonly fillCopies?: ((out: Float32Array, x: Float32Array, request: { readonly start: number }) => void) | undefined;
  /**
   * Number of changes between two examples in a norm that counts them, as its certificates count.
   * @defaultValue as that of a `Noise`
   */
  distance?(a: Float32Array, b: Float32Array, norm: Norm): number;
  /**
   * Certified radius of class `label`, the most voted one (lowest index among equals), by the votes of all copies; 0 where nothing can
   * be certified. In a norm that counts changes the class at x is always certain, so there 0 says that no change is covered.
   */
  radius(counts: readonly number[], label: number, request: RadiusRequest): number;
}

/** A noise that is added to the input, x + ε, with ε independent of x: what training and attacks need. */
export interface AdditiveNoise extends Noise {
  /** Fills `out` (whole samples, row after row) with draws of ε, in input units. */
  sample(out: Float32Array, request: DrawPosition): void;
  /** Noise of a training batch, [M, B, ...inputShape], owned by the caller. */
  sampleBatch(request: BatchDrawRequest): tf.Tensor;
}
