import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { fillBits } from '../random/fill-bits.ts';
import { foldIn } from '../random/key.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { assertTarget, greedySearch } from './greedy-search.ts';
import type { AttackTarget, InputAttack, InputAttackRequest } from './types.ts';

/** Options of {@link GreedyTokenAttack}. */
export interface GreedyTokenAttackOptions {
  /** Largest number of tokens that are replaced, r. */
  readonly tokens: number;
  /** The ids that may take their place, for example those of words that speak for another class. */
  readonly candidates: readonly number[];
  /**
   * Number of replacements that are tried for each change: random positions, each with a random candidate.
   * @defaultValue 64
   */
  readonly trials?: number | undefined;
  /**
   * Number of noisy copies whose mean softmax is attacked, M; of a noise that enumerates its copies it is all of them.
   * @defaultValue 64
   */
  readonly numNoise?: number | undefined;
}

const greedyTokenAttackOptions = optionsOf<GreedyTokenAttackOptions>()({
  tokens: fields.positiveInteger,
  candidates: fields.field<readonly number[]>(
    'must be one or more token ids, whole numbers from 0 to 2^24',
    (v) => Array.isArray(v) && v.length > 0 && v.every((id) => fields.isInteger(id, 0, 2 ** 24)),
  ),
  trials: fields.withDefault(fields.positiveInteger, 64),
  numNoise: fields.withDefault(fields.positiveInteger, 64),
});

const CALL = 'GreedyTokenAttack.perturb';

/**
 * Replaces a few tokens of a sequence, one after the other, by others of a list: an attack by substitution against {@link AblationNoise} of tokens and
 * other noises that take ids.
 *
 * Each replacement is the one of `trials` random ones, a position and a candidate each, that lowers the mean probability of the label over M noisy
 * copies most, −ln (1/M) Σ_i softmax(f(copy_i))_y, or none; at most `tokens` positions change. It needs no gradient. It is no proof: that it finds
 * nothing says nothing.
 *
 * The key drives the copies and what is tried; the classifier runs in inference mode. `strength` scales `tokens`.
 *
 * @throws OptionError if an option is out of its domain
 * @example
 * ```ts
 * const attack = new GreedyTokenAttack({ tokens: 2, candidates: [17, 230, 4011] });
 * console.log(attack.epsilon); // 2
 * ```
 */
export class GreedyTokenAttack implements InputAttack {
  /** Largest number of tokens that are replaced: the length that `attackDataset` writes into its rows. */
  readonly epsilon: number;
  /** Largest number of tokens that are replaced. */
  readonly tokens: number;
  /** The ids that may take their place. */
  readonly candidates: readonly number[];
  /** Number of replacements that are tried for each change. */
  readonly trials: number;
  /** Number of noisy copies whose mean softmax is attacked. */
  readonly numNoise: number;
  readonly #given: GreedyTokenAttackOptions;

  /** Checks the options. */
  constructor(options: GreedyTokenAttackOptions) {
    const given = greedyTokenAttackOptions.parse('GreedyTokenAttack', options);
    this.#given = given;
    this.epsilon = given.tokens;
    this.tokens = given.tokens;
    this.candidates = given.candidates;
    this.trials = given.trials;
    this.numNoise = given.numNoise;
  }

  /** The same attack with another number of tokens. */
  withEpsilon(epsilon: number): GreedyTokenAttack {
    return new GreedyTokenAttack({ ...this.#given, tokens: epsilon });
  }

  /**
   * Attacks a batch of sequences.
   *
   * @param target - a smoothed classifier, or what an attack needs of one
   * @returns the attacked inputs, [B, length], owned by the caller
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws OptionError if the key is missing, labels are out of range, or the noise does not take tokens
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(target: AttackTarget, request: InputAttackRequest): tf.Tensor {
    assertTarget(CALL, target);
    if (target.noise.domain !== 'tokens') {
      const details = {
        call: CALL,
        field: 'noise',
        value: target.noise.name,
        way: 'GreedyPixelAttack changes numbers',
      };
      throw refusal(OptionError, details, 'must be one of tokens');
    }
    const settings = { changes: this.tokens, numNoise: this.numNoise };
    return greedySearch(CALL, target, request, settings, ({ x, step, key }) => {
      const words = new Uint32Array(2 * this.trials);
      fillBits(words, { key: foldIn(key, step), start: 0, dimension: 2 });
      const drawn = (at: 0 | 1, below: number): number[] =>
        Array.from({ length: this.trials }, (_, i) => Math.floor((words[2 * i + at]! / 2 ** 32) * below));
      const places = tensorOver(Int32Array.from(drawn(0, x.size)), [this.trials], 'int32');
      const ids = Float32Array.from(drawn(1, this.candidates.length), (which) => this.candidates[which]!);
      const isReplaced = tf.cast(tf.oneHot(places, x.size), 'bool');
      const replacement = tf.tile(tensorOver(ids, [this.trials, 1], 'float32'), [1, x.size]);
      const kept = tf.tile(tf.reshape(x, [1, x.size]), [this.trials, 1]);
      return tf.reshape(tf.where(isReplaced, replacement, kept), [this.trials, ...x.shape]);
    });
  }
}
