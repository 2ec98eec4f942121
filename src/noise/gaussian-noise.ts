import type * as tf from '@tensorflow/tfjs';
import { parseGaussianNoiseOptions } from '../options/gaussian-noise-options.ts';
import { fillNormals } from '../random/fill-normals.ts';
import type { Norm, ProbabilityBound } from '../types.ts';
import { additiveNoise } from './additive-noise.ts';
import { gaussianRadius } from './gaussian-radius.ts';
import type { AdditiveNoise, BatchDrawRequest, Domain, DrawRequest, FillRequest, RadiusRequest } from './types.ts';

/** Options of {@link GaussianNoise}. */
export interface GaussianNoiseOptions {
  /** Standard deviation per coordinate, in input units. */
  readonly sigma: number;
}

/**
 * Isotropic Gaussian noise, ε ~ N(0, σ²I), added to the input before any normalisation and not clipped.
 *
 * Radius: ℓ2 and ℓ1 σ Φ⁻¹(p), ℓ∞ σ Φ⁻¹(p) / √d. The draws are float32 Box-Muller normals on 64 bits a pair (tails to 6.66 σ).
 *
 * @throws OptionError if `sigma` is not a positive number.
 * @see Cohen, Rosenfeld, Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019, Theorem 1
 * @example
 * ```ts
 * const noise = new GaussianNoise({ sigma: 0.25 });
 * ```
 */
export class GaussianNoise implements AdditiveNoise {
  /** Name in logs. */
  readonly name: string = 'gaussian';
  /** The norms that it certifies; ℓ2 is the default. */
  readonly norms: readonly Norm[] = ['l2', 'linf', 'l1'];
  /** The certificate holds for all real inputs. */
  readonly domain: Domain = 'real';
  /** Standard deviation per coordinate, in input units. */
  readonly sigma: number;
  /** `{ sigma }`. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly #additive: AdditiveNoise;

  /** Builds the noise for a standard deviation in input units. */
  constructor(options: GaussianNoiseOptions) {
    const { sigma } = parseGaussianNoiseOptions('GaussianNoise', options);
    this.sigma = sigma;
    this.parameters = { sigma };
    // The sampler works in float32: where that rounds sigma down, the radius must use the smaller value.
    const drawn = Math.fround(sigma);
    const certified = Math.min(sigma, drawn);
    this.#additive = additiveNoise({
      name: this.name,
      norms: this.norms,
      sample: (out, request) => {
        fillNormals(out, { ...request, scale: drawn });
      },
      radius: (bound, request) => gaussianRadius(bound, certified, request),
    });
  }

  /** Fills `out` with whole samples of ε. */
  sample(out: Float32Array, request: FillRequest): void {
    this.#additive.sample(out, request);
  }

  /** Noisy copies x + ε of one example, [count, ...inputShape], owned by the caller. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    return this.#additive.perturb(x, request);
  }

  /** Noise of a training batch, [M, B, ...inputShape], owned by the caller. */
  sampleBatch(request: BatchDrawRequest): tf.Tensor {
    return this.#additive.sampleBatch(request);
  }

  /** Certified radius for a lower bound on the top class, rounded down. */
  radius(bound: ProbabilityBound, request: RadiusRequest): number {
    return this.#additive.radius(bound, request);
  }
}
