import * as tf from '@tensorflow/tfjs';
import { checkDrawPosition, checkSamples, type DrawPosition } from '../random/draw-position.ts';
import { fillBits } from '../random/fill-bits.ts';
import { fillNormals, fillNormalSums } from '../random/fill-normals.ts';
import { hasKernel, NORMALS_KERNEL, type NormalsAttributes, runKernel } from '../tensors/device-kernels.ts';
import type { Norm, ProbabilityBound } from '../types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { additiveNoise, type AdditiveNoiseOptions } from './additive-noise.ts';
import { batchDrawRequest, drawRequest } from './requests.ts';
import { assertDimension, type Scale } from './scales.ts';
import type {
  AdditiveNoise,
  BatchDrawRequest,
  Domain,
  DrawRequest,
  Noise,
  NoiseParameters,
  RadiusRequest,
} from './types.ts';

/**
 * An additive noise as a class: what the shipped noises that draw their ε coordinate by coordinate have in common.
 *
 * A noise of one's own needs no class: {@link additiveNoise} builds it from the same options.
 */
export abstract class SampledNoise implements AdditiveNoise {
  /** Name in logs. */
  readonly name: string;
  /** The norms that it certifies; the first is the default. */
  readonly norms: readonly Norm[];
  /** The certificate holds for all real inputs. */
  readonly domain: Domain = 'real';
  /** The parameters of the distribution, in logs. */
  readonly parameters: NoiseParameters;
  readonly #additive: AdditiveNoise;
  readonly #normalScale: number | Float32Array | undefined;

  /**
   * Builds the noise from its sampler and its radius.
   *
   * @param options - as for {@link additiveNoise}
   * @param normalScale - given where the sampler is `fillScaledNormals` with this scale: a backend that can draw normals then does it
   */
  protected constructor(options: AdditiveNoiseOptions, normalScale?: number | Float32Array) {
    this.#normalScale = normalScale;
    this.#additive = additiveNoise(options);
    this.name = this.#additive.name;
    this.norms = this.#additive.norms;
    this.parameters = this.#additive.parameters;
  }

  /** Fills `out` with whole samples of ε. */
  sample(out: Float32Array, request: DrawPosition): void {
    this.#additive.sample(out, request);
  }

  /** Noisy copies x + ε of one example, [count, ...inputShape], owned by the caller. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    const scale = this.#normalScale;
    return scale !== undefined && drawsNormals()
      ? perturbOnDevice(x, request, scale)
      : this.#additive.perturb(x, request);
  }

  /** The copies of `perturb` without tensors; undefined where a subclass has a `perturb` of its own. */
  get fillCopies(): Noise['fillCopies'] {
    if (this.perturb !== SampledNoise.prototype.perturb) return undefined;
    const scale = this.#normalScale;
    if (typeof scale !== 'number') return this.#additive.fillCopies;
    return (out, x, request) => fillNormalSums(out, x, { ...request, scale });
  }

  /** Noise of a training batch, [M, B, ...inputShape], owned by the caller. */
  sampleBatch(request: BatchDrawRequest): tf.Tensor {
    const scale = this.#normalScale;
    return scale !== undefined && drawsNormals()
      ? sampleBatchOnDevice(request, scale)
      : this.#additive.sampleBatch(request);
  }

  /** Certified radius for a lower bound on the top class, rounded down. */
  radius(bound: ProbabilityBound, request: RadiusRequest): number {
    return this.#additive.radius(bound, request);
  }
}

/**
 * Fills whole samples with `draw(word)`, word being the 32 random bits of the coordinate, times its scale.
 *
 * So coordinate j of sample i depends on (key, i, j) alone.
 * @internal
 */
export function fillFromBits(
  call: string,
  out: Float32Array,
  request: DrawPosition,
  draw: (word: number) => number,
  scale?: Scale,
): void {
  checkDrawPosition(call, out, 'Float32Array', request);
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length); // the bits wait where the numbers will be
  fillBits(words, request);
  if (typeof scale !== 'object') for (let at = 0; at < out.length; at++) out[at] = (scale ?? 1) * draw(words[at]!);
  else {
    assertDimension(call, request.dimension, scale.length);
    for (let at = 0; at < out.length; at++) out[at] = scale[at % scale.length]! * draw(words[at]!);
  }
}

/** Fills whole samples with normals of `fillNormals`, or with its standard ones, each coordinate times its own scale. @internal */
export function fillScaledNormals(out: Float32Array, request: DrawPosition, scale: number | Float32Array): void {
  if (typeof scale === 'number') return fillNormals(out, { ...request, scale });
  assertDimension('fillNormals', request.dimension, scale.length);
  fillNormals(out, request);
  for (let row = 0; row < out.length; row += scale.length) {
    for (let j = 0; j < scale.length; j++) out[row + j]! *= scale[j]!;
  }
}

/** True where the current backend draws normals itself: `catrs/webgpu` has made it so. */
function drawsNormals(): boolean {
  return hasKernel(NORMALS_KERNEL);
}

/** `Noise.perturb` on the device: x + scale · normals, [count, ...x.shape]. */
function perturbOnDevice(x: tf.Tensor, request: DrawRequest, given: number | Float32Array): tf.Tensor {
  const call = 'Noise.perturb';
  const { key, start, count } = drawRequest.parse(call, request);
  const field = 'count';
  const scale = typeof given === 'number' ? given : 1;
  const attributes = { key, start, rows: count, dimension: x.size, images: 0, firstImage: 0, scale, call, field };
  checkSamples('fillNormals', attributes, count);
  if (typeof given !== 'number') {
    assertDimension(call, x.size, given.length);
    return tf.tidy(() => tf.add(x, scaledBy(runKernel(NORMALS_KERNEL, {}, attributes), given, [count, ...x.shape])));
  }
  return tf.tidy(() => tf.reshape(copiesOf(tf.cast(x, 'float32'), attributes), [count, ...x.shape]));
}

/** `AdditiveNoise.sampleBatch` on the device: scale · normals, [M, ...shape]. */
function sampleBatchOnDevice(request: BatchDrawRequest, given: number | Float32Array): tf.Tensor {
  const call = 'Noise.sampleBatch';
  const { key, numNoise, shape, firstImage } = batchDrawRequest.parse(call, request);
  const [images = 0, ...exampleShape] = shape;
  const dimension = exampleShape.reduce((product, size) => product * size, 1);
  const field = 'numNoise';
  const scale = typeof given === 'number' ? given : 1;
  const attributes = { key, start: 0, rows: numNoise * images, dimension, images, firstImage, scale, call, field };
  checkSamples('fillNormals', attributes, numNoise);
  if (typeof given !== 'number') {
    assertDimension(call, dimension, given.length);
    return tf.tidy(() => scaledBy(runKernel(NORMALS_KERNEL, {}, attributes), given, [numNoise, ...shape]));
  }
  return tf.tidy(() => tf.reshape(runKernel(NORMALS_KERNEL, {}, attributes), [numNoise, ...shape]));
}

/** Standard normals of the device in a shape, each coordinate times its own scale: two roundings, as in `fillScaledNormals`. */
function scaledBy(normals: tf.Tensor, scales: Float32Array, shape: readonly number[]): tf.Tensor {
  const rows = tf.reshape(normals, [-1, scales.length]);
  return tf.reshape(tf.mul(rows, tensorOver(scales.slice(), [1, scales.length], 'float32')), [...shape]);
}

/** The kernel with the gradient that the sum of the repeated image and the noise has. */
function copiesOf(x: tf.Tensor, attributes: NormalsAttributes): tf.Tensor {
  const { rows, dimension } = attributes;
  const sum = tf.customGrad((image) => ({
    value: runKernel(NORMALS_KERNEL, { x: image as tf.Tensor }, attributes),
    gradFunc: (dy: tf.Tensor) => tf.reshape(tf.sum(tf.reshape(dy, [rows, dimension]), 0), x.shape),
  }));
  return sum(x);
}
