import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { fillUniforms } from '../random/fill-bits.ts';
import { foldIn } from '../random/key.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { gradientOf } from '../tensors/tape.ts';
import type { Key } from '../types.ts';
import { assertTarget, type GreedyExample, greedySearch } from './greedy-search.ts';
import type { AttackTarget, InputAttack, InputAttackRequest } from './types.ts';

/** Options of {@link GreedyFlipAttack}. */
export interface GreedyFlipAttackOptions {
  /** Largest number of bits that are flipped, in all. */
  readonly changes: number;
  /**
   * Largest number of zeros that become ones.
   * @defaultValue `changes`
   */
  readonly added?: number | undefined;
  /**
   * Largest number of ones that become zeros.
   * @defaultValue `changes`
   */
  readonly deleted?: number | undefined;
  /**
   * Number of bits that are tried for each change: those that promise most by the gradient, or random ones with `gradientFree`.
   * @defaultValue 8
   */
  readonly trials?: number | undefined;
  /**
   * Number of noisy copies whose mean softmax is attacked, M.
   * @defaultValue 64
   */
  readonly numNoise?: number | undefined;
  /**
   * Whether the bits that are tried are drawn at random: for classifiers without a gradient, graphs on WASM among them.
   * @defaultValue false
   */
  readonly gradientFree?: boolean | undefined;
}

const greedyFlipAttackOptions = optionsOf<GreedyFlipAttackOptions>()({
  changes: fields.positiveInteger,
  added: fields.optional(fields.nonNegativeInteger),
  deleted: fields.optional(fields.nonNegativeInteger),
  trials: fields.withDefault(fields.positiveInteger, 8),
  numNoise: fields.withDefault(fields.positiveInteger, 64),
  gradientFree: fields.withDefault(fields.boolean, false),
});

const CALL = 'GreedyFlipAttack.perturb';

/**
 * Flips a few bits of an input, one after the other: edges of a graph, attributes, words. An attack in norm `'l0'` against {@link BitFlipNoise}.
 *
 * Each change is the one of those tried that lowers the mean probability of the label over M noisy copies most, −ln (1/M) Σ_i softmax(f(copy_i))_y,
 * or none. At most `added` zeros become ones and `deleted` ones become zeros, `changes` in all; no bit is flipped twice. By the gradient g a flip promises
 * (1 − 2x_j) g_j; the `trials` bits that promise most are tried, or with `gradientFree` as many random ones. It is no proof: that it finds nothing says
 * nothing.
 *
 * The key drives the copies and the random bits; the classifier runs in inference mode. `strength` scales `changes`.
 *
 * @throws OptionError if an option is out of its domain
 * @example
 * ```ts
 * const attack = new GreedyFlipAttack({ changes: 4, added: 1 });
 * const bits = tf.tensor2d([[0, 1, 1, 0, 1, 0]]);
 * const few = (x: tf.Tensor) => tf.tidy(() => tf.stack([tf.sub(tf.sum(x, 1), 2), tf.sub(2, tf.sum(x, 1))], 1));
 * const noise = new BitFlipNoise({ addition: 0.1, deletion: 0.2 });
 * const attacked = attack.perturb({ logits: few, noise, inputRange: [0, 1] }, { x: bits, labels: [0], key: createKey(1) });
 * ```
 */
export class GreedyFlipAttack implements InputAttack {
  /** Largest number of flipped bits: the length that `attackDataset` writes into its rows. */
  readonly epsilon: number;
  /** Largest number of flipped bits, in all. */
  readonly changes: number;
  /** Largest number of zeros that become ones. */
  readonly added: number;
  /** Largest number of ones that become zeros. */
  readonly deleted: number;
  /** Number of bits that are tried for each change. */
  readonly trials: number;
  /** Number of noisy copies whose mean softmax is attacked. */
  readonly numNoise: number;
  /** Whether bits are drawn at random. */
  readonly gradientFree: boolean;
  readonly #given: GreedyFlipAttackOptions;

  /** Checks the options. */
  constructor(options: GreedyFlipAttackOptions) {
    const given = greedyFlipAttackOptions.parse('GreedyFlipAttack', options);
    this.#given = given;
    this.epsilon = given.changes;
    this.changes = given.changes;
    this.added = given.added ?? given.changes;
    this.deleted = given.deleted ?? given.changes;
    this.trials = given.trials;
    this.numNoise = given.numNoise;
    this.gradientFree = given.gradientFree;
  }

  /** The same attack with another number of changes; limits of additions and deletions that were not given follow it. */
  withEpsilon(epsilon: number): GreedyFlipAttack {
    return new GreedyFlipAttack({ ...this.#given, changes: epsilon });
  }

  /**
   * Attacks a batch.
   *
   * @param target - a smoothed classifier of inputs of zeros and ones, or what an attack needs of one
   * @returns the attacked inputs, [B, ...inputShape], owned by the caller
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws OptionError if the key is missing, labels are out of range, or the noise is not one of zeros and ones
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(target: AttackTarget, request: InputAttackRequest): tf.Tensor {
    assertTarget(CALL, target);
    const { domain, name } = target.noise;
    if (domain !== 'binary') {
      const way = 'GreedyPixelAttack and GreedyTokenAttack change other values';
      throw refusal(OptionError, { call: CALL, field: 'noise', value: name, way }, 'must be one of zeros and ones');
    }
    const settings = { changes: this.changes, numNoise: this.numNoise };
    return greedySearch(CALL, target, request, settings, (example) => this.#tries(example));
  }

  /** The example with one more bit flipped, for each of those that promise most. */
  #tries({ x, original, step, key, loss }: GreedyExample): tf.Tensor {
    const bits = tf.reshape(x, [1, x.size]) as tf.Tensor2D;
    const mayFlip = this.#allowed(bits, tf.reshape(original, [1, x.size]));
    const promise = this.gradientFree
      ? randomNumbers(foldIn(key, step), bits.shape)
      : tf.mul(
          tf.sub(1, tf.mul(2, bits)),
          gradientOf(CALL, (at) => loss(tf.reshape(at, x.shape)), bits),
        );
    const scores = tf.where(tf.greater(mayFlip, 0), promise, tf.fill(bits.shape, -Infinity));
    const { indices } = tf.topk(tf.reshape(scores, [x.size]), Math.min(this.trials, x.size));
    const flips = tf.mul(tf.cast(tf.oneHot(indices, x.size), 'float32'), mayFlip);
    return tf.reshape(tf.abs(tf.sub(bits, flips)), [indices.size, ...x.shape]);
  }

  /** 1 for bits that may still be flipped: those that were not, of a kind that has flips left; else 0. */
  #allowed(bits: tf.Tensor2D, was: tf.Tensor): tf.Tensor {
    const difference = tf.sub(bits, was);
    const left = (flips: tf.Tensor, most: number): tf.Tensor => tf.step(tf.sub(most, tf.sum(flips)));
    const mayAdd = left(tf.relu(difference), this.added);
    const mayDelete = left(tf.relu(tf.neg(difference)), this.deleted);
    const ofKind = tf.add(tf.mul(was, mayDelete), tf.mul(tf.sub(1, was), mayAdd));
    return tf.mul(ofKind, tf.sub(1, tf.abs(difference)));
  }
}

function randomNumbers(key: Key, shape: [number, number]): tf.Tensor {
  const numbers = new Float32Array(shape[0] * shape[1]);
  fillUniforms(numbers, { key, start: 0, dimension: numbers.length });
  return tensorOver(numbers, shape, 'float32');
}
