import { boundOf, type CoveredBy } from '../covered-by.ts';
import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../../errors.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { fillNormals } from '../../random/fill-normals.ts';
import { normalQuantile, normalQuantileLower, normalSurvival } from '../../stats/normal.ts';
import { boundFromQ, ROUND_DOWN, ROUND_UP, weakerReading } from '../../stats/rounding.ts';
import { tensorOver } from '../../tensors/own-tensor.ts';
import type { Norm, ProbabilityBound } from '../../types.ts';
import type { Domain, DrawRequest, NoiseParameters } from '../types.ts';
import { type ParameterNoise, transformedCopies, type TransformationParameter } from './parameter-noise.ts';

/** Standard deviations of a random change of light. */
export interface LightScales {
  /** Of the logarithm of the contrast factor; 0: the contrast stays. */
  readonly contrast: number;
  /** Of the brightness that is added, in input units; 0: the brightness stays. */
  readonly brightness: number;
}

/** A change of light: x → factor · (x + shift). */
export interface LightChange {
  /**
   * Factor of the contrast, above 0.
   * @defaultValue 1
   */
  readonly factor?: number | undefined;
  /**
   * What is added before, in input units.
   * @defaultValue 0
   */
  readonly shift?: number | undefined;
}

/** Options of {@link LightNoise}. */
export type LightNoiseOptions = LightScales;

const lightNoiseOptions = optionsOf<LightNoiseOptions>()({
  contrast: fields.nonNegative,
  brightness: fields.nonNegative,
});

const lightChange = optionsOf<LightChange>()({
  factor: fields.withDefault(fields.positive, 1),
  shift: fields.withDefault(fields.finite, 0),
});

/**
 * What a change of contrast by e^k leaves of a probability, before any change of brightness: the noise of the brightness is then e^−k times as wide.
 *
 * 2Φ(−e^k Φ⁻¹(1 − p/2)) for k ≥ 0, 1 − 2Φ(−e^k Φ⁻¹((1 + p)/2)) for k < 0; rounded down. Without noise of the brightness it stays as it is.
 *
 * @param bound - lower bound p, with q = 1 − p
 * @param k - logarithm of the factor
 */
export function contrastShift(bound: ProbabilityBound, k: number): ProbabilityBound {
  const { p, q } = weakerReading('contrastShift', bound);
  if (k === 0 || p === 0 || q === 0) return { p, q };
  if (k > 0) {
    const t = normalQuantile({ p: 1 - p / 2, q: p / 2 }) * ROUND_UP * Math.exp(k) * ROUND_UP;
    const left = 2 * normalSurvival(t) * ROUND_DOWN;
    return { p: left, q: Math.min(1, 1 - left + 2 ** -52) };
  }
  const t = normalQuantileLower({ p: 1 - q / 2, q: q / 2 }) * Math.exp(k) * ROUND_DOWN;
  const lost = 2 * normalSurvival(t) * ROUND_UP;
  return lost <= 0.5 ? boundFromQ(lost) : { p: Math.max(0, 1 - lost - 2 ** -52), q: Math.min(1, lost) };
}

/** Share of a deviation that a change takes; 0/0 is 0: what has no noise may not change. */
const share = (change: number, deviation: number): number =>
  change === 0 ? 0 : ((Math.abs(change) * ROUND_UP) / deviation) * ROUND_UP;

/**
 * Whether a class at x stays at e^k (x + b): (k/σ_k)² + (e^k b/σ_b)² < Φ⁻¹(p₁)², with p₁ > 1/2: what a change of contrast by e^k leaves of p.
 *
 * @param of - a certificate, or a lower bound on the probability of its class
 * @param scales - σ_k and σ_b
 * @param change - e^k and b; a factor is taken a little further from 1 than it is given
 * @throws OptionError for an option outside its domain
 * @see Li et al., "TSS: Transformation-Specific Smoothing for Robustness Certification", CCS 2021 (contrast and brightness); derived in the guide
 */
export function coversLight(of: CoveredBy, scales: LightScales, change: LightChange): boolean {
  const { factor, shift } = lightChange.parse('coversLight', change);
  return lightShare(Math.log(factor), shift, scales) < lightLimit(boundOf(of), Math.log(factor), scales);
}

/** (k/σ_k)² + (e^k b/σ_b)², rounded up. @internal */
export function lightShare(k: number, b: number, { contrast, brightness }: LightScales): number {
  const [ofK, ofB] = [share(k, contrast), share(b * Math.exp(k), brightness)];
  return (ofK * ofK + ofB * ofB) * ROUND_UP;
}

/** Φ⁻¹(p₁)², rounded down; 0 where p₁ is at most 1/2. @internal */
export function lightLimit(bound: ProbabilityBound, k: number, { brightness }: LightScales): number {
  // The logarithm of a factor is known to a rounding.
  const further = k * ROUND_UP;
  const left = brightness > 0 ? contrastShift(bound, further) : weakerReading('coversLight', bound);
  const z = left.p > 0.5 ? normalQuantileLower(left) : 0;
  return Math.max(0, z) ** 2 * ROUND_DOWN;
}

/**
 * The brightness that may change with any contrast factor of a range: all b with |b| < the result.
 *
 * min over both ends of σ_b min(1, e^−k) √(Φ⁻¹(p₁)² − (k/σ_k)²), which is monotone on each side of k = 0; 0 where an end alone is not covered. Rounded down.
 *
 * @param factors - least and greatest factor, around 1
 * @throws OptionError unless 0 < low ≤ 1 ≤ high
 */
export function brightnessWithin(
  of: CoveredBy,
  scales: LightScales,
  [low, high]: readonly [low: number, high: number],
): number {
  if (!(low > 0 && low <= 1 && high >= 1 && high < Infinity)) {
    const details = { call: 'brightnessWithin', field: 'factors', value: [low, high], got: `[${low}, ${high}]` };
    throw refusal(OptionError, details, 'must be [low, high] with 0 < low <= 1 <= high');
  }
  const bound = boundOf(of);
  const atEnd = (factor: number): number => {
    const k = Math.log(factor);
    const left = lightLimit(bound, k, scales) - lightShare(k, 0, scales);
    return left > 0 ? scales.brightness * Math.min(1, Math.exp(-k)) * Math.sqrt(left) * ROUND_DOWN : 0;
  };
  return Math.min(atEnd(low), atEnd(high));
}

/**
 * Random contrast and brightness: each copy is e^k (x + b), with k ~ N(0, σ_k²) and b ~ N(0, σ_b²). Certifies changes of light.
 *
 * The radius, in norm `'parameter'`, is that of brightness alone, σ_b Φ⁻¹(p) (of the logarithm of the factor, σ_k Φ⁻¹(p), where the brightness has no noise); {@link
 * LightNoise.covers} says of both together. Nothing is clipped: pixels that leave the range of the image reach the classifier as they are, and a change that saturates is
 * not covered. One-parameter changes of the same kind are covered by other names: gamma x^(e^k) on [0, 1] is a change of contrast of ln x.
 *
 * @throws OptionError unless the deviations are numbers of at least 0, one of them above 0
 * @see Li et al., "TSS: Transformation-Specific Smoothing for Robustness Certification", CCS 2021
 * @example
 * ```ts
 * const light = new LightNoise({ contrast: 0.3, brightness: 0.3 });
 * console.log(light.covers({ p: 0.99, q: 0.01 }, { factor: 1.1, shift: 0.2 })); // true
 * ```
 */
export class LightNoise implements ParameterNoise {
  /** Name in logs. */
  readonly name: string = 'light';
  /** It certifies a parameter. */
  readonly norms: readonly Norm[] = ['parameter'];
  /** The certificate holds for all real images. */
  readonly domain: Domain = 'real';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['real arithmetic', 'contrast and brightness, neither clipped nor rounded'];
  /** What the radius is of. */
  readonly parameter: TransformationParameter;
  /** `{ contrast, brightness }`. */
  readonly parameters: LightScales & NoiseParameters;

  /** Builds the noise for two deviations. */
  constructor(options: LightNoiseOptions) {
    const { contrast, brightness } = lightNoiseOptions.parse('LightNoise', options);
    if (contrast + brightness === 0) {
      const details = { call: 'LightNoise', field: 'brightness', value: brightness };
      throw refusal(OptionError, details, 'must be above 0 where `contrast` is 0');
    }
    this.parameters = { contrast, brightness };
    this.parameter =
      brightness > 0
        ? { name: 'brightness', unit: 'input units', oneSided: false }
        : { name: 'logarithm of the contrast factor', unit: '', oneSided: false };
  }

  /** Copies of one image [height, width] or [height, width, channels] in other light, owned by the caller. Copy i depends on (key, i) alone. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    return transformedCopies({ transform: (copies, draws) => this.transform(copies, draws) }, x, request);
  }

  /** Changes the light of each of several images by its own draw. */
  transform(copies: tf.Tensor, { key, start, count }: DrawRequest): tf.Tensor {
    const { contrast, brightness } = this.parameters;
    const normals = new Float32Array(2 * count);
    fillNormals(normals, { key, start, dimension: 2, scale: 1 });
    const column = (which: number, of: (w: number) => number): tf.Tensor =>
      tensorOver(
        Float32Array.from({ length: count }, (_, i) => of(normals[2 * i + which]!)),
        [count, ...copies.shape.slice(1).map(() => 1)],
        'float32',
      );
    return tf.mul(
      tf.add(
        copies,
        column(1, (w) => brightness * w),
      ),
      column(0, (w) => Math.exp(contrast * w)),
    );
  }

  /** Largest change of the parameter alone that is covered, rounded down. */
  radius(bound: ProbabilityBound): number {
    const lower = weakerReading('LightNoise.radius', bound);
    if (!(lower.p > 0.5)) return 0;
    const { contrast, brightness } = this.parameters;
    return Math.max(0, (brightness > 0 ? brightness : contrast) * normalQuantileLower(lower) * ROUND_DOWN);
  }

  /** Whether the class of a certificate stays at factor · (x + shift): {@link coversLight}. */
  covers(of: CoveredBy, change: LightChange): boolean {
    return coversLight(of, this.parameters, change);
  }
}
