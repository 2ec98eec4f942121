import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField } from '../options/parse.ts';
import { fillBits } from '../random/fill-bits.ts';
import { weakerReading } from '../stats/rounding.ts';
import { isTensor, showShape } from '../tensors/assert-shapes.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Norm, ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { editDistance } from './change-distance.ts';
import { fillKept } from './deleted-copies.ts';
import { deletionRadius, type EditKind, leastAfterEdits } from './deletion-radius.ts';
import { type Fraction, isBelow } from './exact-fraction.ts';
import { assertNorm, drawRequest } from './requests.ts';
import type { Domain, DrawRequest, Noise, RadiusRequest } from './types.ts';

/** Options of {@link DeletionNoise}. */
export interface DeletionNoiseOptions {
  /**
   * Length of every input and of every copy, shorter sequences padded at the end. The certificate covers sequences of at most so many tokens, so
   * leave room for what may be inserted.
   */
  readonly length: number;
  /**
   * Probability with which a copy leaves a token out, above 1/2 and below 1; taken to the nearest multiple of 2⁻³². At most ln 2 / −ln p edits can
   * be certified: 6 with 0.9, 22 with 0.97, 138 with 0.995.
   */
  readonly deletion: number;
  /** The id that stands behind the end of a sequence. It is no token: no sequence may have it. */
  readonly padId: number;
}

/** What is done to a sequence, each operation as often as this. */
export interface EditCounts {
  /** Tokens that another one takes the place of. */
  readonly substituted: number;
  /** Tokens put in by the adversary. */
  readonly inserted: number;
  /** Tokens taken out by the adversary. */
  readonly deleted: number;
}

const WORDS = 2 ** 32;
/** Whole numbers up to here are float32 numbers. */
const MOST_ID = 2 ** 24;

const isTokenId = (v: unknown): boolean => fields.isInteger(v, 0, MOST_ID);

const deletionNoiseOptions = optionsOf<DeletionNoiseOptions>()({
  length: fields.field<number>('must be an integer from 1 to 16777216 (2^24)', (v) => fields.isInteger(v, 1, 2 ** 24)),
  deletion: fields.field<number>(
    'must be above 1/2 and below 1, also as the nearest multiple of 2^-32: with less, not one substitution can be certified',
    (v) => fields.isFiniteNumber(v) && Math.round(v * WORDS) > WORDS / 2 && Math.round(v * WORDS) < WORDS,
  ),
  padId: fields.field<number>('must be a token id, a whole number from 0 to 2^24', isTokenId),
});

const editCounts = optionsOf<EditCounts>()({
  substituted: fields.nonNegativeInteger,
  inserted: fields.nonNegativeInteger,
  deleted: fields.nonNegativeInteger,
});

const editKind: fields.Field<EditKind> = fields.oneOf('edit', 'insert', 'delete', 'substitute');

const HALF: Fraction = { above: 1n, below: 2n };

/**
 * Random deletion: every token of a sequence is left out with probability p on its own, and what remains moves together. Certifies edits.
 *
 * x = [length] token ids (bytes, words), padded at the end with `padId`; a copy has the same form, whatever the length of the sequence: the tokens
 * kept, then `padId`. Token j of copy s is left out if word (key, s, j) of `fillBits` is below T = round(2³² p), so the law is exact, and the
 * certificate is about T/2³².
 *
 * Radius, in edits (a substitution, an insertion or a deletion each count one): the largest r with T^r/2^(32r) > 1/2 + q, in whole numbers;
 * against bounds on other classes p_A − p_B > 2(1 − T^r/2^(32r)). For every sequence of at most `length` tokens that r edits make of x, the
 * class stays. −1 where it is not proven at x itself; 0 is a result. Nothing is added to x, so that no rounding is left to pay for.
 *
 * What the classifier must not do: depend on other rows of its batch. It sees ids as float32, with `padId` behind the last; it may
 * mask them or learn what they are, and cannot learn the length of x from a copy beyond what the law allows.
 *
 * @throws OptionError if `deletion` is not above 1/2 and below 1, `length` no integer of at least 1 or `padId` no token id
 * @see Huang et al., "RS-Del: Edit Distance Robustness Certificates for Sequence Classifiers via Randomized Deletion", NeurIPS 2023
 * @example
 * ```ts
 * const noise = new DeletionNoise({ length: 4096, deletion: 0.97, padId: 256 }); // bytes, and a pad that is none
 * const x = tf.tensor1d(noise.pad(new TextEncoder().encode('#!/bin/sh')));
 * const copies = noise.perturb(x, { key: createKey(0), start: 0, count: 10 }); // [10, 4096]
 * ```
 */
export class DeletionNoise implements Noise {
  /** Name in logs. */
  readonly name: string = 'deletion';
  /** It certifies edits. */
  readonly norms: readonly Norm[] = ['edit'];
  /** The certificate holds for sequences of token ids. */
  readonly domain: Domain = 'tokens';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['uniform bits', 'deterministic classifier independent of the batch'];
  /** Length of inputs and copies. */
  readonly length: number;
  /** Probability with which a token is left out, as given. */
  readonly deletion: number;
  /** The id behind the end of a sequence. */
  readonly padId: number;
  /** `{ length, deletion, padId }`. */
  readonly parameters: Readonly<Record<string, number>>;
  /** T: a token is left out where its word is below. */
  readonly #below: number;
  readonly #chance: Fraction;

  /** Builds the noise for a length, a probability and a pad. */
  constructor(options: DeletionNoiseOptions) {
    const { length, deletion, padId } = deletionNoiseOptions.parse('DeletionNoise', options);
    this.length = length;
    this.deletion = deletion;
    this.padId = padId;
    this.parameters = { length, deletion, padId };
    this.#below = Math.round(deletion * WORDS);
    this.#chance = { above: BigInt(this.#below), below: BigInt(WORDS) };
  }

  /**
   * A sequence as an input: its tokens, then pads, in a new array of `length` numbers.
   *
   * @param tokens - ids, for example the bytes of a file
   * @throws OptionError for more than `length` tokens, and TensorError for one that is no id, or is `padId`
   */
  pad(tokens: ArrayLike<number>): Float32Array<ArrayBuffer> {
    const call = 'DeletionNoise.pad';
    const { length, padId } = this;
    if (!(tokens?.length <= length)) {
      const way = 'cut it where your service does, or build the noise for longer inputs';
      const details = { call, field: 'tokens', value: tokens, got: `${tokens?.length} tokens`, way };
      throw refusal(OptionError, details, `must have at most \`length\` = ${length} tokens`);
    }
    const padded = new Float32Array(length).fill(padId);
    for (let at = 0; at < tokens.length; at++) {
      const token = tokens[at];
      if (isTokenId(token) && token !== padId) padded[at] = token!;
      else {
        const details = { call, field: 'tokens', value: token };
        throw refusal(TensorError, details, `must be whole numbers from 0 to 2^24 and not \`padId\` = ${padId}`);
      }
    }
    return padded;
  }

  /** Shape of a copy: that of the input, [length]. */
  copyShape(inputShape: readonly number[]): readonly number[] {
    if (inputShape.length === 1 && inputShape[0] === this.length) return inputShape;
    throw this.#wrongShape('Noise.copyShape', inputShape, `[${inputShape.join(',')}]`);
  }

  /** Least number of insertions, deletions and substitutions of tokens that make one sequence the other; pads are no tokens. */
  distance(a: Float32Array, b: Float32Array): number {
    const tokens = (x: Float32Array): Float32Array => x.filter((token) => token !== this.padId);
    return editDistance(tokens(a), tokens(b));
  }

  /** Throws TensorError where the pad stands in front of a token: it is none. */
  assertValues(call: string, values: Float32Array): void {
    const end = values.indexOf(this.padId);
    const behind = end < 0 ? -1 : values.findIndex((value, at) => at > end && value !== this.padId);
    if (behind < 0) return;
    const way = '`pad` of the noise makes inputs of sequences';
    const got = `${values[behind]} at ${behind} behind the pad at ${end}`;
    const must = `must have the pad ${this.padId} at the end only: it is no token`;
    throw refusal(TensorError, { call, field: 'x', value: values[behind], got, way }, must);
  }

  /**
   * Which tokens copies keep, [count, length] bytes: 1 for kept, 0 for left out. What `perturb` goes by, without an input.
   *
   * @example
   * ```ts
   * const noise = new DeletionNoise({ length: 8, deletion: 0.75, padId: 0 });
   * const kept = noise.keptTokens({ key: createKey(0), start: 0, count: 2 }); // 16 zeros and ones, about 4 of them ones
   * ```
   */
  keptTokens(request: Omit<DrawRequest, 'onFailure'>): Uint8Array {
    const { key, start, count } = drawRequest.parse('DeletionNoise.keptTokens', request);
    const words = new Uint32Array(count * this.length);
    fillBits(words, { key, start, dimension: this.length });
    return Uint8Array.from(words, (word) => Number(word >= this.#below));
  }

  /** Copies of one sequence, [count, length] float32, owned by the caller. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    const call = 'Noise.perturb';
    const { key, start, count } = drawRequest.parse(call, request);
    const { length, padId } = this;
    if (!isTensor(x) || x.rank !== 1 || x.size !== length) throw this.#wrongShape(call, x, showShape(x));
    const places = new Int32Array(count * length).fill(length);
    const words = new Uint32Array(length);
    for (let copy = 0; copy < count; copy++) {
      fillBits(words, { key, start: start + copy, dimension: length });
      for (let at = 0, to = copy * length; at < length; at++) if (words[at]! >= this.#below) places[to++] = at;
    }
    // A pad that is kept is a pad like those behind the end, so that places need not know where the sequence ends.
    return tf.tidy(() => {
      const tokens = tf.concat([tf.cast(x, 'float32'), tensorOver([padId], [1], 'float32')]);
      return tf.gather(tokens, tensorOver(places, [count, length], 'int32'));
    });
  }

  /** The copies of `perturb` without tensors; undefined where a subclass has a `perturb` of its own. */
  get fillCopies(): Noise['fillCopies'] {
    if (this.perturb !== DeletionNoise.prototype.perturb) return undefined;
    const { padId } = this;
    return (out, x, request) => fillKept(out, x, request, { padId, below: this.#below });
  }

  /** Certified number of edits, −1 where the class is not proven at x. */
  radius(bound: ProbabilityBound, request: RadiusRequest): number {
    assertNorm('Noise.radius', request.norm, this.norms);
    return deletionRadius(this.#chance, weakerReading('Noise.radius', bound));
  }

  /**
   * Number of edits within which a class stays among the k most probable ones, −1 where it is not proven at x.
   *
   * With Δ = 1 − p^r and S_t the sum of the t smallest of the k largest upper bounds, at most 1 − p_A: t(p_A − Δ) > S_t + Δ for some t ≤ k.
   */
  radiusAgainst(
    lower: ProbabilityBound,
    others: readonly UpperProbabilityBound[],
    k: number,
    request: RadiusRequest,
  ): number {
    const call = 'Noise.radiusAgainst';
    assertNorm(call, request.norm, this.norms);
    parseField(call, 'k', fields.positiveInteger, k);
    const uppers = others.map(({ p, q }) => {
      const reading = weakerReading(call, { p: q, q: p });
      return { p: reading.q, q: reading.p };
    });
    return deletionRadius(this.#chance, weakerReading(call, lower), 'edit', uppers, k);
  }

  /**
   * Certified number of edits of one kind, named by what the adversary does; −1 where the class is not proven at x.
   *
   * - `'edit'`: any mixture; p^r > 1/2 + q;
   * - `'substitute'`: the same number, as substitutions are the worst edits;
   * - `'insert'`: p^r (1 − q) > 1/2;
   * - `'delete'`: q < p^r / 2; Infinity for q = 0, as fewer tokens are always a copy of x.
   *
   * @param bound - `{ p: c.pABar, q: c.qABar }` of a certificate c
   */
  radiusFor(bound: ProbabilityBound, kind: EditKind): number {
    const call = 'DeletionNoise.radiusFor';
    return deletionRadius(this.#chance, weakerReading(call, bound), parseField(call, 'kind', editKind, kind));
  }

  /**
   * Whether the class keeps its majority at every sequence that so many edits of each kind make of x.
   *
   * p^(new − gone) (p_A − 1 + p^gone) > 1/2, gone = substituted + deleted, new = substituted + inserted. Exact.
   *
   * @param bound - `{ p: c.pABar, q: c.qABar }` of a certificate c
   */
  certifies(bound: ProbabilityBound, edits: EditCounts): boolean {
    const call = 'DeletionNoise.certifies';
    const counts = editCounts.parse(call, edits);
    return isBelow(HALF, leastAfterEdits(this.#chance, weakerReading(call, bound), counts));
  }

  #wrongShape(call: string, value: unknown, got: string): TensorError {
    const { length, padId } = this;
    const way = `pad shorter sequences at the end with ${padId}, as \`pad\` of the noise does`;
    return refusal(TensorError, { call, field: 'x', value, got, way }, `must be one sequence of shape [${length}]`);
  }
}
