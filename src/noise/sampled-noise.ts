import * as tf from '@tensorflow/tfjs';
import { checkDrawPosition, checkSamples, type DrawPosition } from '../random/draw-position.ts';
import { fillBits } from '../random/fill-bits.ts';
import { fillNormalSums } from '../random/fill-normals.ts';
import { hasKernel, NORMALS_KERNEL, type NormalsAttributes, runKernel } from '../tensors/device-kernels.ts';
import type { Norm, ProbabilityBound } from '../types.ts';
import { additiveNoise, type AdditiveNoiseOptions } from './additive-noise.ts';
import { batchDrawRequest, drawRequest } from './requests.ts';
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
  readonly #normalScale: number | undefined;

  /**
   * Builds the noise from its sampler and its radius.
   *
   * @param options - as for {@link additiveNoise}
   * @param normalScale - given where the sampler is `fillNormals` with this scale: a backend that can draw normals then does it
   */
  protected constructor(options: AdditiveNoiseOptions, normalScale?: number) {
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
    if (scale === undefined) return this.#additive.fillCopies;
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
 * Fills whole samples with `draw(word)`, word being the 32 random bits of the coordinate.
 *
 * So coordinate j of sample i depends on (key, i, j) alone.
 * @internal
 */
export function fillFromBits(
  call: string,
  out: Float32Array,
  request: DrawPosition,
  draw: (word: number) => number,
): void {
  checkDrawPosition(call, out, 'Float32Array', request);
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length); // the bits wait where the numbers will be
  fillBits(words, request);
  for (let at = 0; at < out.length; at++) out[at] = draw(words[at]!);
}

/** True where the current backend draws normals itself: `catrs/webgpu` has made it so. */
function drawsNormals(): boolean {
  return hasKernel(NORMALS_KERNEL);
}

/** `Noise.perturb` on the device: x + scale · normals, [count, ...x.shape]. */
function perturbOnDevice(x: tf.Tensor, request: DrawRequest, scale: number): tf.Tensor {
  const call = 'Noise.perturb';
  const { key, start, count } = drawRequest.parse(call, request);
  const field = 'count';
  const attributes = { key, start, rows: count, dimension: x.size, images: 0, firstImage: 0, scale, call, field };
  checkSamples('fillNormals', attributes, count);
  return tf.tidy(() => tf.reshape(copiesOf(tf.cast(x, 'float32'), attributes), [count, ...x.shape]));
}

/** `AdditiveNoise.sampleBatch` on the device: scale · normals, [M, ...shape]. */
function sampleBatchOnDevice(request: BatchDrawRequest, scale: number): tf.Tensor {
  const call = 'Noise.sampleBatch';
  const { key, numNoise, shape, firstImage } = batchDrawRequest.parse(call, request);
  const [images = 0, ...exampleShape] = shape;
  const dimension = exampleShape.reduce((product, size) => product * size, 1);
  const field = 'numNoise';
  const attributes = { key, start: 0, rows: numNoise * images, dimension, images, firstImage, scale, call, field };
  checkSamples('fillNormals', attributes, numNoise);
  return tf.tidy(() => tf.reshape(runKernel(NORMALS_KERNEL, {}, attributes), [numNoise, ...shape]));
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
