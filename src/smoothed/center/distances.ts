import { OptionError, refusal } from '../../errors.ts';
import { hasMethods } from '../../options/fields.ts';
import * as fields from '../../options/fields.ts';

/** A distance between two outputs of a model, each as its numbers, flattened. */
export interface OutputDistance {
  /** What certificates and logs call it. */
  readonly name: string;
  /**
   * The distance of two outputs of one shape: at least 0, 0 between equal outputs, symmetric, and never more than by way of a third output (the triangle
   * inequality). Outputs that differ may have the distance 0. NaN and Infinity count as infinitely far.
   */
  between(a: Float32Array, b: Float32Array): number;
}

/** Length of the difference, ‖a − b‖₂. */
export const euclidean: OutputDistance = {
  name: 'euclidean',
  between: (a, b) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) {
      const difference = (a[i] as number) - (b[i] as number);
      sum += difference * difference;
    }
    return Math.sqrt(sum);
  },
};

/** Sum of the differences, ‖a − b‖₁. */
export const manhattan: OutputDistance = {
  name: 'manhattan',
  between: (a, b) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
    return sum;
  },
};

/** Largest difference, ‖a − b‖∞. */
export const chebyshev: OutputDistance = {
  name: 'chebyshev',
  between: (a, b) => {
    let largest = 0;
    for (let i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs((a[i] as number) - (b[i] as number)));
    }
    return largest;
  },
};

/**
 * Angle between two outputs as vectors, from 0 to π: acos(a·b / ‖a‖‖b‖), the cosine clamped to [−1, 1], since rounding takes that of parallel vectors above 1.
 *
 * An output of zeros has no direction: it is π/2 away from all others and 0 from itself, which keeps the triangle inequality.
 */
export const angular: OutputDistance = {
  name: 'angular',
  between: (a, b) => {
    let [product, squareA, squareB] = [0, 0, 0];
    let isEqual = true;
    for (let i = 0; i < a.length; i++) {
      const [p, q] = [a[i] as number, b[i] as number];
      product += p * q;
      squareA += p * p;
      squareB += q * q;
      isEqual &&= p === q;
    }
    if (isEqual) return 0;
    if (squareA === 0 || squareB === 0) return Math.PI / 2;
    const cosine = product / (Math.sqrt(squareA) * Math.sqrt(squareB));
    return Math.acos(Math.min(1, Math.max(-1, cosine)));
  },
};

/** Number of places at which two outputs differ: of class maps, or of sets as zeros and ones. */
export const hamming: OutputDistance = {
  name: 'hamming',
  between: (a, b) => {
    let others = 0;
    for (let i = 0; i < a.length; i++) others += a[i] === b[i] ? 0 : 1;
    return others;
  },
};

/** Of sets as zeros and ones (a number above ½ says that its member is in): 1 − |A ∩ B| / |A ∪ B|, and 0 between empty sets. */
export const jaccard: OutputDistance = {
  name: 'jaccard',
  between: (a, b) => {
    let [both, either] = [0, 0];
    for (let i = 0; i < a.length; i++) {
      const [inA, inB] = [(a[i] as number) > 0.5, (b[i] as number) > 0.5];
      both += inA && inB ? 1 : 0;
      either += inA || inB ? 1 : 0;
    }
    return either === 0 ? 0 : (either - both) / either;
  },
};

const shipped: readonly OutputDistance[] = [euclidean, manhattan, chebyshev, angular, hamming, jaccard];

/**
 * The shipped distance of a name, as certificates and commands have it; undefined for a distance of one's own.
 *
 * @example
 * ```ts
 * console.log(distanceOf('manhattan') === manhattan); // true
 * ```
 */
export function distanceOf(name: string): OutputDistance | undefined {
  return shipped.find((distance) => distance.name === name);
}

/** What a certificate takes for granted of a distance that is not shipped. @internal */
export function distanceAssumption(name: string): string[] {
  return distanceOf(name) === undefined ? [`triangle inequality of the distance '${name}'`] : [];
}

/** An option that is a distance. @internal */
export const distanceField: fields.Field<OutputDistance> = fields.field(
  'must be a distance (for example euclidean, or an object { name, between })',
  (v) => hasMethods(v, ['between']) && 'name' in v && typeof v.name === 'string' && v.name !== '',
);

/** Throws unless a distance that bears the name of a shipped one is that one. @internal */
export function assertOwnName(call: string, distance: OutputDistance): void {
  const { name } = distance;
  if ([undefined, distance].includes(distanceOf(name))) return;
  const details = { call, field: 'distance.name', value: name };
  throw refusal(OptionError, details, 'must be another name than those of the shipped distances');
}

/** Pairs that are looked at. */
const LOOKED_AT = 8;
/** Roundings of a symmetric distance may differ with the order. */
const TOLERANCE = 1e-9;

/**
 * A distance as a run uses it. Its first pairs are looked at: a test of what a distance must be, no proof; afterwards NaN and Infinity are as far as can be, and
 * less than 0 is an error always.
 * @internal
 */
export class CheckedDistance {
  readonly #distance: OutputDistance;
  #looked = 0;

  constructor(distance: OutputDistance) {
    this.#distance = distance;
  }

  /** The distance of two outputs, Infinity where it is not a number. Throws OptionError naming `call` for what is no distance. */
  between(call: string, a: Float32Array, b: Float32Array): number {
    const value = this.#distance.between(a, b);
    if (this.#looked < LOOKED_AT) this.#look(call, a, b, value);
    if (value >= 0) return value;
    if (Number.isNaN(value)) return Infinity;
    throw this.#refused(call, value, 'must be at least 0');
  }

  #look(call: string, a: Float32Array, b: Float32Array, value: unknown): void {
    this.#looked++;
    if (!fields.isFiniteNumber(value)) throw this.#refused(call, value, 'must be a finite number');
    if (value < 0) throw this.#refused(call, value, 'must be at least 0');
    const same = this.#distance.between(a, a.slice());
    if (same !== 0) throw this.#refused(call, same, 'must be 0 between equal outputs');
    const back = this.#distance.between(b, a);
    if (Math.abs(back - value) <= TOLERANCE * Math.abs(value)) return;
    throw this.#refused(call, back, `must be the same in both directions, ${value} here`);
  }

  #refused(call: string, value: unknown, must: string): OptionError {
    return refusal(OptionError, { call, field: 'distance', value }, must);
  }
}
