import type * as tf from '@tensorflow/tfjs';
import type { Norm, ProbabilityBound } from '../types.ts';
import { additiveNoise, type AdditiveNoiseOptions } from './additive-noise.ts';
import { drawsNormals, perturbOnDevice, sampleBatchOnDevice } from './device-normals.ts';
import type {
  AdditiveNoise,
  BatchDrawRequest,
  Domain,
  DrawRequest,
  FillRequest,
  Noise,
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
  readonly parameters: Readonly<Record<string, number>>;
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
  sample(out: Float32Array, request: FillRequest): void {
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
    return this.perturb === SampledNoise.prototype.perturb ? this.#additive.fillCopies : undefined;
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
