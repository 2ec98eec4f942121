import type * as tf from '@tensorflow/tfjs';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { fillBits } from '../../random/fill-bits.ts';
import { normalQuantile, normalQuantileLower } from '../../stats/normal.ts';
import { ROUND_DOWN, ROUND_UP, weakerReading } from '../../stats/rounding.ts';
import type { Norm, ProbabilityBound, UpperProbabilityBound } from '../../types.ts';
import type { Domain, DrawRequest } from '../types.ts';
import { blurEach } from './cosine-blur.ts';
import { type ParameterNoise, transformedCopies, type TransformationParameter } from './parameter-noise.ts';

/** The law of the variance of a random blur. */
export type BlurLaw = 'exponential' | 'uniform' | 'folded-normal';

/**
 * Largest variance of a blur added to the input that cannot change a class, 0 for p ≤ 1/2; covers [0, radius).
 *
 * Added blur moves the law of the variance: the worst set is free on [0, α) and then gains e^(α/λ). Exponential of mean λ: −λ ln 2q; uniform on [0, λ]:
 * λ(p − 1/2); |N(0, λ²)|: λ(Φ⁻¹((1 + p)/2) − Φ⁻¹(3/4)). Rounded down.
 *
 * @param bound - lower bound p on the probability of the class, with q = 1 − p
 * @param scale - λ, square pixels
 * @throws OptionError unless p and q are in [0, 1]
 * @see Li et al., "TSS: Transformation-Specific Smoothing for Robustness Certification", CCS 2021
 */
export function blurRadius(bound: ProbabilityBound, scale: number, law: BlurLaw = 'exponential'): number {
  const { p, q } = weakerReading('blurRadius', bound);
  if (!(p > 0.5 && q < 0.5)) return 0;
  if (law === 'exponential') return -scale * Math.log(2 * q) * ROUND_DOWN;
  if (law === 'uniform') return scale * Math.min(p - 0.5, 0.5 - q) * ROUND_DOWN;
  const [own, middle] = [
    normalQuantileLower({ p: 1 - q / 2, q: q / 2 }),
    normalQuantile({ p: 0.75, q: 0.25 }),
  ] as const;
  return Math.max(0, scale * (own - middle * ROUND_UP) * ROUND_DOWN);
}

/** Options of {@link BlurNoise}. */
export interface BlurNoiseOptions {
  /** Mean of the variance of the exponential law, square pixels; of the others their scale: the end of the uniform law, the deviation of the folded normal one. */
  readonly mean: number;
  /**
   * The law of the variance.
   * @defaultValue 'exponential'
   */
  readonly law?: BlurLaw | undefined;
}

const blurNoiseOptions = optionsOf<BlurNoiseOptions>()({
  mean: fields.positiveFloat32,
  law: fields.withDefault(fields.oneOf('exponential', 'uniform', 'folded-normal'), 'exponential'),
});

/**
 * Random blur: each copy is the image, blurred by a variance that is drawn. Certifies further blur of the input ({@link cosineBlur}).
 *
 * As blurs compose, a copy of the blurred image is a copy of the image with a larger variance: {@link blurRadius} says how much larger may do nothing. One-sided:
 * sharpening is not covered, nor are other kernels, real lenses, clipped or rounded images. Against another class of exponential blur −λ ln(q + p_B).
 *
 * @throws OptionError if `mean` is not a positive number or `law` is unknown
 * @see Li et al., "TSS: Transformation-Specific Smoothing for Robustness Certification", CCS 2021; the blur that composes is derived in the guide
 * @example
 * ```ts
 * const noise = new BlurNoise({ mean: 5 });
 * ```
 */
export class BlurNoise implements ParameterNoise {
  /** Name in logs. */
  readonly name: string = 'blur';
  /** It certifies a parameter. */
  readonly norms: readonly Norm[] = ['parameter'];
  /** The certificate holds for all real images. */
  readonly domain: Domain = 'real';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['real arithmetic', 'blur by cosineBlur, neither clipped nor rounded'];
  /** What the radius is of. */
  readonly parameter: TransformationParameter = {
    name: 'variance of an added blur',
    unit: 'square pixels',
    oneSided: true,
  };
  /** `{ mean, law }`. */
  readonly parameters: {
    /** Scale of the law, square pixels. */
    readonly mean: number;
    /** The law of the variance. */
    readonly law: BlurLaw;
  };

  /** Builds the noise for a mean in square pixels. */
  constructor(options: BlurNoiseOptions) {
    const { mean, law } = blurNoiseOptions.parse('BlurNoise', options);
    this.parameters = { mean, law };
  }

  /** Blurred copies of one image [height, width] or [height, width, channels], owned by the caller. Copy i depends on (key, i) alone. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    return transformedCopies({ transform: (copies, draws) => this.transform(copies, draws) }, x, request);
  }

  /** Blurs each of several images by its own draw. */
  transform(copies: tf.Tensor, request: DrawRequest): tf.Tensor {
    return blurEach(copies, this.variances(request));
  }

  /** The variances of draws, by inversion of 52 bits each. */
  variances({ key, start, count }: Pick<DrawRequest, 'key' | 'start' | 'count'>): Float32Array {
    const { mean, law } = this.parameters;
    const words = new Uint32Array(2 * count);
    fillBits(words, { key, start, dimension: 2 });
    return Float32Array.from({ length: count }, (_, i) => {
      const u = ((words[2 * i]! >>> 6) * 2 ** 26 + (words[2 * i + 1]! >>> 6) + 0.5) * 2 ** -52;
      if (law === 'uniform') return mean * u;
      return law === 'exponential' ? -mean * Math.log(u) : mean * normalQuantile({ p: 1 - u / 2, q: u / 2 });
    });
  }

  /** Largest added variance that is covered, rounded down: {@link blurRadius}. */
  radius(bound: ProbabilityBound): number {
    return blurRadius(bound, this.parameters.mean, this.parameters.law);
  }

  /**
   * The same against upper bounds on the other classes. Exponential: −λ ln(q + p_B) with the k-th largest bound for k = 1; otherwise, and for other laws, the radius
   * of p alone where k = 1, and 0.
   */
  radiusAgainst(lower: ProbabilityBound, others: readonly UpperProbabilityBound[], k: number): number {
    if (k !== 1) return 0;
    const own = this.radius(lower);
    const { q } = weakerReading('blurRadius', lower);
    const most = Math.min(q, Math.max(0, ...others.map(({ p }) => p)));
    const { mean, law } = this.parameters;
    if (law !== 'exponential' || !(q + most < 1)) return own;
    return Math.max(own, -mean * Math.log((q + most) * ROUND_UP) * ROUND_DOWN, 0);
  }
}
