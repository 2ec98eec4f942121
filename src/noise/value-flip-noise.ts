import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField } from '../options/parse.ts';
import { checkDrawPosition, type DrawPosition } from '../random/draw-position.ts';
import { fillBits } from '../random/fill-bits.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Norm, ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { assertTopOne, FLIP_WORD, FLIP_WORDS, type Lead, leadOf, MOST_EXACT_CHANGES } from './bit-flip-lead.ts';
import { isProven, valueRegions } from './bit-flip-radius.ts';
import { isLeadClear, type LikelihoodProfile, oneValue, unchanged, withOnePosition } from './likelihood-profile.ts';
import { assertNorm, drawRequest } from './requests.ts';
import type { Domain, DrawRequest, Noise, RadiusRequest } from './types.ts';

/** Options of {@link ValueFlipNoise}. */
export interface ValueFlipNoiseOptions {
  /** How many values a position can have: the whole numbers 0, 1, ..., `values` − 1; from 2 to 65 536. */
  readonly values: number;
  /**
   * Probability that a value is kept, in (0, 1) and other than 1 / `values`, where a copy says nothing. Each other value takes its place equally often,
   * with a whole multiple of 2⁻³², to which this is rounded. Below 1 / `values` a copy says what the value is not.
   */
  readonly keep: number;
}

/** Searches end here. */
const MOST_CHANGES = 1024;

const valueFlipNoiseOptions = optionsOf<ValueFlipNoiseOptions>()({
  values: fields.field<number>('must be an integer from 2 to 65536 (2^16)', (v) => fields.isInteger(v, 2, 2 ** 16)),
  keep: fields.openFraction,
});
const changeCount = fields.field<number>(`must be an integer from 0 to ${MOST_CHANGES}`, (v) =>
  fields.isInteger(v, 0, MOST_CHANGES),
);

/**
 * Flips of values for inputs of whole numbers from 0 to K (`values` = K + 1): categories, levels of grey, counts. Each position keeps its value
 * with probability κ (`keep`) on its own, and else has each other value with β = (1 − κ)/K.
 *
 * Certificates count changed positions, whatever the new values. Only the changed ones matter, by m = the number of them at which a copy equals x less
 * that at which it equals the changed input: the difference of trinomials with chances κ, β and the rest at x, with κ and β exchanged at the changed input.
 * The class is certified if its least probability there, by the lemma of Neyman and Pearson, is above 1/2 (`radius`) or above the greatest of the best other
 * class (`radiusAgainst`). Decided in doubles where these are apart by
 * more than doubles can be wrong, else in exact fractions. With two values it is `BitFlipNoise` with
 * p₊ = p₋ = 1 − κ. For many values `AblationNoise`, which says what it hides, certifies more at the same share kept.
 *
 * `radius` is a whole number, closed, at most 1024, and −1 where not even the class at the input is proven. It does not depend on the number of positions.
 *
 * With b = ⌊2³²(1 − κ)/K⌉, at least 1, and T = 2³² − bK a position keeps its value if the word w of (key, sample, coordinate) is below T, else it has the
 * ⌊(w − T)/b⌋-th other value: β is b/2³² exactly, and so counted. The values are in units of 1, not scaled to [0, 1]; scale inside the classifier.
 *
 * @throws OptionError for `values` outside 2 .. 65 536 and for `keep` outside (0, 1) or equal to 1 / `values`
 * @see Lee, Yuan, Chang, Jaakkola, "Tight Certificates of Adversarial Robustness for Randomly Smoothed Classifiers", NeurIPS 2019
 * @example
 * ```ts
 * const noise = new ValueFlipNoise({ values: 10, keep: 0.5 });
 * noise.radius({ p: 0.99, q: 0.01 }, { norm: 'l0', dimension: 16 }); // 2
 * noise.certifies({ p: 0.99, q: 0.01 }, 3); // false
 * ```
 */
export class ValueFlipNoise implements Noise {
  /** Name in logs. */
  readonly name: string = 'value-flip';
  /** It certifies ℓ0: the number of changed positions. */
  readonly norms: readonly Norm[] = ['l0'];
  /** The certificate holds for inputs of whole numbers, here from 0 to `values` − 1. */
  readonly domain: Domain = 'tokens';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['uniform bits', 'deterministic classifier independent of the batch'];
  /** How many values a position can have. */
  readonly values: number;
  /** Probability that a value is kept, as given. */
  readonly keep: number;
  /** `{ values, keep }`. */
  readonly parameters: Readonly<Record<string, number>>;
  /** So many words give each other value, and so many keep the value. */
  readonly #share: number;
  readonly #kept: number;

  /** Builds the noise for a number of values and a probability. */
  constructor(options: ValueFlipNoiseOptions) {
    const call = 'ValueFlipNoise';
    const { values, keep } = valueFlipNoiseOptions.parse(call, options);
    this.values = values;
    this.keep = keep;
    this.parameters = { values, keep };
    this.#share = Math.max(1, Math.round((FLIP_WORDS * (1 - keep)) / (values - 1)));
    this.#kept = FLIP_WORDS - this.#share * (values - 1);
    if (this.#kept >= 0 && this.#share !== this.#kept) return;
    const way =
      this.#kept < 0 ? 'so small a probability is none of 32-bit words' : 'there a copy says nothing of the value';
    throw refusal(
      OptionError,
      { call, field: 'keep', value: keep, way },
      `must be other than 1 / \`values\` = 1/${values}`,
    );
  }

  /** Throws TensorError for a value that is none of the noise: its law speaks of no others. */
  assertValues(call: string, values: Float32Array): void {
    const wrong = values.find((value) => !fields.isInteger(value, 0, this.values - 1));
    if (wrong === undefined) return;
    const must = `must hold whole numbers from 0 to ${this.values - 1}, the \`values\` of the noise`;
    throw refusal(TensorError, { call, field: 'x', value: wrong }, must);
  }

  /** Copies of one example of whole numbers from 0 to `values` − 1, [count, ...inputShape], owned by the caller. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    const { key, start, count } = drawRequest.parse('Noise.perturb', request);
    const words = new Uint32Array(count * x.size);
    fillBits(words, { key, start, dimension: x.size });
    const others = Float32Array.from(words, (word) => this.#otherOf(word));
    return tf.tidy(() => {
      const other = tensorOver(others, [count, ...x.shape], 'float32');
      const value = tf.cast(tf.expandDims(x), 'float32');
      // Others are counted without the value itself; −1 stands for keeping it.
      const skipped = tf.where(tf.greaterEqual(other, value), tf.add(other, 1), other);
      return tf.where(tf.less(other, 0), value, skipped);
    });
  }

  /** The copies of `perturb` without tensors. */
  fillCopies(out: Float32Array, x: Float32Array, request: DrawPosition): void {
    const call = 'ValueFlipNoise.fillCopies';
    checkDrawPosition(call, out, 'Float32Array', request);
    this.assertValues(call, x);
    const words = new Uint32Array(out.buffer, out.byteOffset, out.length); // the words wait where the values will be
    fillBits(words, request);
    for (let row = 0; row < out.length; row += request.dimension) {
      for (let j = 0; j < request.dimension; j++) {
        const value = x[j]!;
        const other = this.#otherOf(words[row + j]!);
        out[row + j] = other < 0 ? value : other >= value ? other + 1 : other;
      }
    }
  }

  /** The largest number of changed positions for a lower bound on the top class; −1 where not even the class is proven. */
  radius(bound: ProbabilityBound, request: RadiusRequest): number {
    return this.#radius(leadOf('ValueFlipNoise.radius', bound), request);
  }

  /**
   * The same against upper bounds on the other classes, of which the largest counts.
   *
   * @throws OptionError for k above 1
   */
  radiusAgainst(
    lower: ProbabilityBound,
    others: readonly UpperProbabilityBound[],
    k: number,
    request: RadiusRequest,
  ): number {
    const call = 'ValueFlipNoise.radiusAgainst';
    assertTopOne(call, k);
    return this.#radius(leadOf(call, lower, others), request);
  }

  /**
   * Whether so many changed positions, or fewer, leave the class as it is.
   *
   * @param bound - lower bound p on the probability of the class, with q = 1 − p
   * @param changed - positions, a whole number from 0 to 1024
   * @param pBBar - upper bound on the largest of the other classes; without it the class must keep the majority
   */
  certifies(bound: ProbabilityBound, changed: number, pBBar?: UpperProbabilityBound): boolean {
    const call = 'ValueFlipNoise.certifies';
    const most = parseField(call, 'changed', changeCount, changed);
    return this.#reach(leadOf(call, bound, pBBar && [pBBar]), most) === most;
  }

  #radius(lead: Lead, { norm, dimension }: RadiusRequest): number {
    assertNorm('ValueFlipNoise.radius', norm, this.norms);
    return this.#reach(lead, Math.min(dimension, MOST_CHANGES));
  }

  /** The largest certified number of changes up to `most`; −1 for none. */
  #reach(lead: Lead, most: number): number {
    const one = oneValue(this.#kept * FLIP_WORD, this.#share * FLIP_WORD);
    let profile: LikelihoodProfile = unchanged;
    for (let changed = 0; changed <= most; changed++) {
      if (!this.#keepsLead(profile, lead, changed)) return changed - 1;
      profile = withOnePosition(profile, one);
    }
    return most;
  }

  #keepsLead(profile: LikelihoodProfile, { q, other }: Lead, changed: number): boolean {
    const clear = isLeadClear(profile, q, other);
    if (clear !== undefined || changed > MOST_EXACT_CHANGES) return clear ?? false;
    const regions = valueRegions(BigInt(this.#kept), BigInt(FLIP_WORDS), this.values - 1, changed);
    return isProven(regions, { p: 1 - q, q }, [{ p: other, q: 1 - other }]);
  }

  /** Which other value a word means, counted without the value itself; −1: the value is kept. */
  #otherOf(word: number): number {
    return word < this.#kept ? -1 : Math.floor((word - this.#kept) / this.#share);
  }
}
