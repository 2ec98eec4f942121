import { boundOf, type CoveredBy } from '../covered-by.ts';
import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../../errors.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { foldIn } from '../../random/key.ts';
import { ROUND_UP, weakerReading } from '../../stats/rounding.ts';
import type { Norm, ProbabilityBound } from '../../types.ts';
import type { Domain, DrawRequest, NoiseParameters } from '../types.ts';
import { BlurNoise } from './blur-noise.ts';
import { type LightChange, lightLimit, LightNoise, lightShare } from './light-noise.ts';
import { type ParameterNoise, transformedCopies, type TransformationParameter } from './parameter-noise.ts';
import type { ShiftNoise } from './shift-noise.ts';
import { type ShiftChange } from './shift-noise.ts';

/** Options of {@link ChainNoise}: transformations that follow each other in this order. */
export interface ChainNoiseOptions {
  /** Mean of the variance of an exponential blur, square pixels. */
  readonly blur: number;
  /** Deviation of the logarithm of the contrast factor. */
  readonly contrast: number;
  /** Deviation of the brightness, input units. */
  readonly brightness: number;
}

/** Changes of the input, in this order. */
export interface ChainChange extends LightChange {
  /**
   * Variance of an added blur, square pixels.
   * @defaultValue 0
   */
  readonly variance?: number | undefined;
}

const chainNoiseOptions = optionsOf<ChainNoiseOptions>()({
  blur: fields.positiveFloat32,
  contrast: fields.nonNegative,
  brightness: fields.nonNegative,
});

/**
 * Whether a class stays under blur, then contrast and brightness, then a cyclic shift, each with noise of its own: with p₀ = 1 − q e^(α/λ) of the blur,
 * (k/σ_k)² + (e^k b/σ_b)² + ‖t‖²/σ_t² < Φ⁻¹(p₁)², p₁ > 1/2 from p₀ by the contrast. Each step bounds what the one before leaves, and each is convex.
 *
 * @param of - a certificate, or a lower bound on the probability of its class
 * @param noises - the noises; without `shift` nothing may be shifted
 * @see derived in the guide to transformations
 */
export function coversChain(
  of: CoveredBy,
  { blur, light, shift }: { readonly blur: BlurNoise; readonly light: LightNoise; readonly shift?: ShiftNoise },
  { variance = 0, factor = 1, shift: brightness = 0, move = {} }: ChainChange & { readonly move?: ShiftChange },
): boolean {
  const call = 'coversChain';
  if (!(variance >= 0 && factor > 0 && Number.isFinite(variance + factor + brightness))) {
    const details = {
      call,
      field: 'change',
      value: variance,
      got: JSON.stringify({ variance, factor, shift: brightness }),
    };
    throw refusal(OptionError, details, 'must have a variance of at least 0, a factor above 0 and a finite shift');
  }
  const { mean, law } = blur.parameters;
  if (law !== 'exponential') {
    throw refusal(OptionError, { call, field: 'blur', value: law }, "must have the law 'exponential' in a chain");
  }
  const { p, q } = weakerReading(call, boundOf(of));
  const lost = variance === 0 ? q : q * Math.exp((variance / mean) * ROUND_UP) * ROUND_UP;
  if (!(lost < 0.5)) return false;
  const left: ProbabilityBound = variance === 0 ? { p, q } : { p: 1 - lost, q: lost };
  const k = Math.log(factor);
  const moved = shift === undefined ? (isStill(move) ? 0 : Infinity) : shift.share(move);
  return (lightShare(k, brightness, light.parameters) + moved) * ROUND_UP < lightLimit(left, k, light.parameters);
}

const isStill = ({ shift = [0, 0], l2 = 0 }: ShiftChange): boolean => shift.every((by) => by === 0) && l2 === 0;

/**
 * Random blur, then random contrast and brightness: certifies both together ({@link ChainNoise.covers}). The radius, in norm `'parameter'`, is that of added blur alone.
 *
 * @throws OptionError for a parameter outside its domain
 * @see derived in the guide to transformations
 * @example
 * ```ts
 * const noise = new ChainNoise({ blur: 5, contrast: 0.3, brightness: 0.3 });
 * ```
 */
export class ChainNoise implements ParameterNoise {
  /** Name in logs. */
  readonly name: string = 'blur-and-light';
  /** It certifies a parameter. */
  readonly norms: readonly Norm[] = ['parameter'];
  /** The certificate holds for all real images. */
  readonly domain: Domain = 'real';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[];
  /** What the radius is of. */
  readonly parameter: TransformationParameter;
  /** `{ blur, contrast, brightness }`. */
  readonly parameters: Readonly<ChainNoiseOptions> & NoiseParameters;
  readonly #blur: BlurNoise;
  readonly #light: LightNoise;

  /** Builds the noise of both. */
  constructor(options: ChainNoiseOptions) {
    const { blur, contrast, brightness } = chainNoiseOptions.parse('ChainNoise', options);
    this.parameters = { blur, contrast, brightness };
    this.#blur = new BlurNoise({ mean: blur });
    this.#light = new LightNoise({ contrast, brightness });
    this.assumptions = [...new Set([...this.#blur.assumptions, ...this.#light.assumptions])];
    this.parameter = this.#blur.parameter;
  }

  /** Copies of one image, blurred and in other light, owned by the caller. Copy i depends on (key, i) alone. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    return transformedCopies({ transform: (copies, draws) => this.transform(copies, draws) }, x, request);
  }

  /** Blurs each of several images and changes its light, by its own draws. */
  transform(copies: tf.Tensor, { key, ...draws }: DrawRequest): tf.Tensor {
    const blurred = this.#blur.transform(copies, { ...draws, key: foldIn(key, 0) });
    return this.#light.transform(blurred, { ...draws, key: foldIn(key, 1) });
  }

  /** Largest variance of an added blur alone that is covered, rounded down. */
  radius(bound: ProbabilityBound): number {
    return this.#blur.radius(bound);
  }

  /** Whether the class of a certificate stays under all of these changes: {@link coversChain}. */
  covers(of: CoveredBy, change: ChainChange): boolean {
    return coversChain(of, { blur: this.#blur, light: this.#light }, change);
  }
}
