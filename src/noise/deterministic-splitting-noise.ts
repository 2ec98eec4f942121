import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { fillBits } from '../random/fill-bits.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key, Norm } from '../types.ts';
import { type CopiesRequest, copiesRequest, halfWidthField } from './requests.ts';
import type { DeterministicNoise, Domain, RadiusRequest } from './types.ts';

/**
 * Certified ℓ1 radius of a class by the votes of all copies of a deterministic splitting noise, on the lattice of 8-bit images.
 *
 * min over c ≠ label of ⌊(n_label − n_c − 1[c < label]) / 2⌋ / 255. A change of one coordinate by one grey level changes at most one
 * copy, so D levels take at most D votes from the label and give at most D to another class; ties go to the lower index. 0 where the label
 * is not the most voted class. No distance of the lattice lies between D/255 and (D + 1)/255, so the rounding of the quotient claims
 * nothing.
 *
 * @param counts - votes per class of all copies
 * @param label - the class that is certified
 * @see Levine, Feizi, "Improved, Deterministic Smoothing for L1 Certified Robustness", ICML 2021
 */
export function deterministicSplittingRadius(counts: readonly number[], label: number): number {
  const own = counts[label] ?? 0;
  const margins = counts.map((count, c) => (c === label ? Infinity : own - count - (c < label ? 1 : 0)));
  return Math.max(0, Math.floor(Math.min(...margins) / 2)) / 255;
}

/** Options of {@link DeterministicSplittingNoise}. */
export interface DeterministicSplittingNoiseOptions {
  /** Half the distance λ between two splits of one coordinate, in input units, from 1/510 to 128. There are ⌊2λ·255⌋ copies. */
  readonly halfWidth: number;
  /** Drives the template: where the first split of each coordinate lies in copy 0. Train and certify with the same key. */
  readonly key: Key;
}

// One level at least, and so few that float32 rounding of k/255 cannot turn one l1 distance of levels into the next.
const deterministicSplittingNoiseOptions = optionsOf<DeterministicSplittingNoiseOptions>()({
  halfWidth: halfWidthField('1/510', '128', (width) => width * 255 >= 1 - 2 ** -50 && width <= 256),
  key: fields.key,
});

/**
 * Splitting noise with all its copies, for 8-bit images: an exact ℓ1 certificate without samples, key of an image or failure probability.
 *
 * Let L = ⌊2λ·255⌋. Copy t splits coordinate i, in grey levels, at s + Lℤ with s = ((vᵢ + t) mod L) + 1/2 and a template vᵢ from
 * {0, ..., L − 1}, and replaces it by the middle of its part of [0, 255], over 255. Over all copies the splits run once through all places
 * between two levels, so one step of one coordinate changes at most one copy. Inputs are taken to the nearest of the levels
 * k/255; splits lie halfway between levels, so every comparison is exact on every backend. Radius: {@link deterministicSplittingRadius}.
 * The certificate costs L evaluations of the classifier for each image.
 *
 * @throws OptionError if `halfWidth` is not a number from 1/510 to 128 or `key` is no key.
 * @see Levine, Feizi, "Improved, Deterministic Smoothing for L1 Certified Robustness", ICML 2021
 * @example
 * ```ts
 * const noise = new DeterministicSplittingNoise({ halfWidth: 0.5, key: createKey(0) }); // 255 copies
 * ```
 */
export class DeterministicSplittingNoise implements DeterministicNoise {
  /** Name in logs. */
  readonly name: string = 'deterministic-splitting';
  /** It certifies ℓ1. */
  readonly norms: readonly Norm[] = ['l1'];
  /** The certificate holds for 8-bit images. */
  readonly domain: Domain = 'uint8';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['8-bit input', 'deterministic classifier independent of the batch'];
  /** Half the distance between two splits of one coordinate, in input units. */
  readonly halfWidth: number;
  /** Drives the template. */
  readonly key: Key;
  /** Number of copies: ⌊2λ·255⌋, the distance between two splits in grey levels. */
  readonly copies: number;
  /** `{ halfWidth, key0, key1 }`. */
  readonly parameters: Readonly<Record<string, number>>;

  /** Builds the noise for half a distance in input units and the key of its template. */
  constructor(options: DeterministicSplittingNoiseOptions) {
    const { halfWidth, key } = deterministicSplittingNoiseOptions.parse('DeterministicSplittingNoise', options);
    this.halfWidth = halfWidth;
    this.key = key;
    // L/510 may have been rounded down. Any number of copies gives a certificate that holds.
    this.copies = Math.floor(510 * halfWidth * (1 + 2 ** -50));
    this.parameters = { halfWidth, key0: key[0], key1: key[1] };
  }

  /** Copies start .. start + count − 1 of one example, [count, ...inputShape], owned by the caller. */
  perturb(x: tf.Tensor, request: CopiesRequest): tf.Tensor {
    const { start, count } = this.#checkCopies(request);
    const { copies } = this;
    return tf.tidy(() => {
      // Whole numbers and halves below 2²⁴: exact in float32, but for the quotient and the last product.
      const template = tensorOver(levelTemplate(this.key, x.size, copies), [1, ...x.shape], 'float32');
      const numbers = Float32Array.from({ length: count }, (_, copy) => start + copy);
      const offsets = tensorOver(numbers, [count, ...x.shape.map(() => 1)], 'float32');
      const unwrapped = tf.add(template, offsets);
      const over = tf.step(tf.sub(unwrapped, copies - 0.5));
      const first = tf.add(tf.sub(unwrapped, tf.mul(over, copies)), 0.5);
      const level = tf.expandDims(tf.round(tf.mul(x, 255)));
      // The numerator is an odd number of halves, so the quotient is never so near a whole number that its rounding counts.
      const below = tf.ceil(tf.div(tf.sub(level, first), copies));
      const upper = tf.add(first, tf.mul(below, copies));
      return tf.mul(tf.add(tf.minimum(upper, 255), tf.maximum(tf.sub(upper, copies), 0)), 1 / 510);
    });
  }

  /** Certified ℓ1 radius of class `label` by the votes of all copies; 0 in other norms. */
  radius(counts: readonly number[], label: number, request: RadiusRequest): number {
    const votes = counts.reduce((sum, count) => sum + count, 0);
    if (votes !== this.copies) {
      const call = 'DeterministicSplittingNoise.radius';
      const details = { call, field: 'counts', value: counts, got: `${votes} votes` };
      throw refusal(OptionError, details, `must be the votes of all ${this.copies} copies`);
    }
    return request.norm === 'l1' ? deterministicSplittingRadius(counts, label) : 0;
  }

  #checkCopies(request: CopiesRequest): CopiesRequest {
    const call = 'DeterministicSplittingNoise.perturb';
    const { start, count } = copiesRequest.parse(call, request);
    if (start + count <= this.copies) return { start, count };
    const must = `must be at most ${this.copies} - \`start\`, as there are ${this.copies} copies`;
    throw refusal(OptionError, { call, field: 'count', value: count }, must);
  }
}

/** Where the first split of each coordinate lies in copy 0: whole numbers from 0 to levels − 1, from the key and the coordinate alone. */
function levelTemplate(key: Key, dimension: number, levels: number): Float32Array {
  const words = new Uint32Array(dimension);
  fillBits(words, { key, start: 0, dimension });
  return Float32Array.from(words, (word) => Math.floor((word / 2 ** 32) * levels));
}
