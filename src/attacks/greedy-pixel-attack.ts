import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { fillSubsets } from '../random/fill-subsets.ts';
import { foldIn } from '../random/key.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { gradientOf } from '../tensors/tape.ts';
import type { InputRange } from '../types.ts';
import { assertTarget, type GreedyExample, greedySearch, type Tries } from './greedy-search.ts';
import { isBounded, rangeOf } from './smoothed-rows.ts';
import type { AttackTarget, InputAttack, InputAttackRequest } from './types.ts';

/** Options of {@link GreedyPixelAttack}. */
export interface GreedyPixelAttackOptions {
  /** Largest number of positions that are changed, r. */
  readonly pixels: number;
  /**
   * What counts as one position: a place with all its channels, of inputs [..., channels], or each number.
   * @defaultValue 'pixels'
   */
  readonly positions?: 'pixels' | 'values' | undefined;
  /**
   * Number of positions that are tried for each change: those that promise most by the gradient, or random ones with `gradientFree`.
   * @defaultValue 8
   */
  readonly trials?: number | undefined;
  /**
   * Number of noisy copies whose mean softmax is attacked, M; of a noise that enumerates its copies it is all of them.
   * @defaultValue 64
   */
  readonly numNoise?: number | undefined;
  /**
   * Whether positions are drawn at random: for classifiers and noises without a gradient.
   * @defaultValue false
   */
  readonly gradientFree?: boolean | undefined;
  /**
   * The two values that an attacked position may get, as [smallest, largest].
   * @defaultValue the input range of the target
   */
  readonly inputRange?: InputRange | undefined;
}

const greedyPixelAttackOptions = optionsOf<GreedyPixelAttackOptions>()({
  pixels: fields.positiveInteger,
  positions: fields.withDefault(fields.oneOf('pixels', 'values'), 'pixels'),
  trials: fields.withDefault(fields.positiveInteger, 8),
  numNoise: fields.withDefault(fields.positiveInteger, 64),
  gradientFree: fields.withDefault(fields.boolean, false),
  inputRange: fields.optional(fields.finiteRange),
});

const CALL = 'GreedyPixelAttack.perturb';

/**
 * Changes a few positions of an input, one after the other, to the smallest or largest value: an attack in norm `'l0'` against
 * {@link AblationNoise} and other noises that count changes.
 *
 * Each change is the one of those tried that lowers the mean probability of the label over M noisy copies most, −ln (1/M) Σ_i softmax(f(copy_i))_y,
 * or none; at most `pixels` positions change. By the gradient, a position promises Σ_c max(g_c (low − x_c), g_c (high − x_c)), and each of its channels
 * goes to the end that its slope points to; the `trials` that promise most are tried. With `gradientFree` as many random positions are tried, with
 * all channels low and with all high. It is no proof: that it finds nothing says nothing.
 *
 * The key drives the copies and the random positions; the classifier runs in inference mode. `strength` scales `pixels`.
 *
 * @throws OptionError if an option is out of its domain
 * @example
 * ```ts
 * const attack = new GreedyPixelAttack({ pixels: 8 });
 * const xAdv = attack.perturb(g, { x, labels, key: createKey(1) });
 * ```
 */
export class GreedyPixelAttack implements InputAttack {
  /** Largest number of positions that are changed: the length that `attackDataset` writes into its rows. */
  readonly epsilon: number;
  /** Largest number of positions that are changed. */
  readonly pixels: number;
  /** What counts as one position. */
  readonly positions: 'pixels' | 'values';
  /** Number of positions that are tried for each change. */
  readonly trials: number;
  /** Number of noisy copies whose mean softmax is attacked. */
  readonly numNoise: number;
  /** Whether positions are drawn at random. */
  readonly gradientFree: boolean;
  /** The values of its own; undefined: the ends of the range of the target. */
  readonly inputRange: InputRange | undefined;
  readonly #given: GreedyPixelAttackOptions;

  /** Checks the options. */
  constructor(options: GreedyPixelAttackOptions) {
    const given = greedyPixelAttackOptions.parse('GreedyPixelAttack', options);
    this.#given = given;
    this.epsilon = given.pixels;
    this.pixels = given.pixels;
    this.positions = given.positions;
    this.trials = given.trials;
    this.numNoise = given.numNoise;
    this.gradientFree = given.gradientFree;
    this.inputRange = given.inputRange;
  }

  /** The same attack with another number of positions. */
  withEpsilon(epsilon: number): GreedyPixelAttack {
    return new GreedyPixelAttack({ ...this.#given, pixels: epsilon });
  }

  /**
   * Attacks a batch.
   *
   * @param target - a smoothed classifier, or what an attack needs of one
   * @returns the attacked inputs, [B, ...inputShape], owned by the caller
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws OptionError if the key is missing, labels are out of range, or the input range of the target has no ends or the noise takes tokens
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(target: AttackTarget, request: InputAttackRequest): tf.Tensor {
    assertTarget(CALL, target);
    if (target.noise.domain === 'tokens') {
      const details = {
        call: CALL,
        field: 'noise',
        value: target.noise.name,
        way: 'GreedyTokenAttack replaces tokens',
      };
      throw refusal(OptionError, details, 'must be one of numbers that have a smallest and a largest value');
    }
    const range = this.inputRange ?? rangeOfTarget(target, this.gradientFree);
    const settings = { changes: this.pixels, numNoise: this.numNoise };
    return greedySearch(
      CALL,
      target,
      request,
      settings,
      this.gradientFree ? this.#random(range) : this.#promising(range),
    );
  }

  /** The positions that promise most, with each channel at the end that its slope points to. */
  #promising([low, high]: InputRange): Tries {
    return ({ x, loss }) => {
      const [places, channels] = this.#axes(x);
      const rows = tf.reshape(x, [places, channels]) as tf.Tensor2D;
      const gradient = gradientOf(CALL, (point) => loss(tf.reshape(point, x.shape)), rows);
      const down = tf.mul(gradient, tf.sub(low, rows));
      const up = tf.mul(gradient, tf.sub(high, rows));
      const ends = tf.where(tf.less(down, up), tf.fill(rows.shape, high), tf.fill(rows.shape, low));
      const { indices } = tf.topk(tf.sum(tf.maximum(down, up), 1), Math.min(this.trials, places));
      return versions(x, rows, indices, ends);
    };
  }

  /** Random positions, with all channels low and with all high. */
  #random([low, high]: InputRange): Tries {
    return ({ x, step, key }: GreedyExample) => {
      const [places, channels] = this.#axes(x);
      const rows = tf.reshape(x, [places, channels]) as tf.Tensor2D;
      const drawn = new Uint32Array(Math.min(this.trials, places));
      fillSubsets(drawn, { key: foldIn(key, step), start: 0, positions: places, keep: drawn.length });
      const indices = tensorOver(Int32Array.from(drawn), [drawn.length], 'int32');
      const both = [low, high].map((end) => versions(x, rows, indices, tf.fill(rows.shape, end)));
      return tf.concat(both);
    };
  }

  #axes({ shape, size }: tf.Tensor): [places: number, channels: number] {
    const channels = this.positions === 'pixels' ? (shape.at(-1) ?? 1) : 1;
    return [size / channels, channels];
  }
}

/** The example with one position of `indices` as in `ends`, for each, [T, ...inputShape]. Selected: what is not changed stays the same bits. */
function versions(x: tf.Tensor, rows: tf.Tensor2D, indices: tf.Tensor, ends: tf.Tensor): tf.Tensor {
  const [places, channels] = rows.shape;
  const count = indices.size;
  const isChanged = tf.tile(tf.expandDims(tf.cast(tf.oneHot(indices, places), 'bool'), 2), [1, 1, channels]);
  const repeated = (of: tf.Tensor): tf.Tensor => tf.tile(tf.expandDims(of), [count, 1, 1]);
  return tf.reshape(tf.where(isChanged, repeated(ends), repeated(rows)), [count, ...x.shape]);
}

/** The input range of the target, which must have ends. */
function rangeOfTarget(target: AttackTarget, isGradientFree: boolean): InputRange {
  const range = isGradientFree ? target.inputRange : rangeOf(CALL, target, undefined);
  if (Array.isArray(range) && range.every(Number.isFinite) && isBounded(range)) return range;
  const way = 'give `inputRange` to the attack';
  throw refusal(OptionError, { call: CALL, field: 'inputRange', value: range, way }, 'must have two ends');
}
