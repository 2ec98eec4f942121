import * as tf from '@tensorflow/tfjs';
import { assertGradients } from '../classifier/check-gradients.ts';
import { OptionError, refusal, TensorError } from '../errors.ts';
import type { DeterministicNoise, Noise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField } from '../options/parse.ts';
import { foldIn } from '../random/key.ts';
import { searchKeys } from '../random/purposes.ts';
import { assertFloat, showShape } from '../tensors/assert-shapes.ts';
import { checkLabels } from '../tensors/labels.ts';
import { copyOf, tensorOver } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import type { InputRange, Key } from '../types.ts';
import {
  ascentOf,
  better,
  contentsOf,
  nextClass,
  type PatchView,
  placesOfKey,
  scored,
  squareAt,
  windowSums,
} from './patch-search.ts';
import { parseInputAttackRequest } from './smoothed-rows.ts';
import type { AttackTarget, InputAttack, InputAttackRequest } from './types.ts';

/** Options of {@link PatchAttack}. */
export interface PatchAttackOptions {
  /** Side of the square in pixels: the largest change in norm `'patch'`. */
  readonly side: number;
  /**
   * How many places are tried for an image: those where the gradient is largest, or without gradients places that the key chooses. `'all'` tries
   * every one.
   * @defaultValue 16
   */
  readonly places?: number | 'all' | undefined;
  /**
   * Steps of gradient ascent at each place; without gradients so many contents of random values at each place.
   * @defaultValue 8
   */
  readonly steps?: number | undefined;
  /**
   * Take no gradients: at each place the darkest and the brightest content, the image turned over, two chessboards and random ones are tried.
   * @defaultValue false
   */
  readonly gradientFree?: boolean | undefined;
  /**
   * Noisy copies by which a content is judged, for noises that are drawn; of an enumerated noise all copies are seen.
   * @defaultValue 32
   */
  readonly numNoise?: number | undefined;
  /**
   * Copies per forward pass: speed and memory only, but for the order of sums.
   * @defaultValue 256
   */
  readonly batchSize?: number | undefined;
  /**
   * Smallest and largest value of a pixel, both finite.
   * @defaultValue that of the target
   */
  readonly inputRange?: InputRange | undefined;
}

const patchAttackOptions = optionsOf<PatchAttackOptions>()({
  side: fields.positiveInteger,
  places: fields.withDefault(
    fields.field<number | 'all'>(
      "must be an integer of at least 1, or 'all'",
      (v) => v === 'all' || fields.isInteger(v, 1, 2 ** 30),
    ),
    16,
  ),
  steps: fields.withDefault(fields.positiveInteger, 8),
  gradientFree: fields.withDefault(fields.boolean, false),
  numNoise: fields.withDefault(fields.positiveInteger, 32),
  batchSize: fields.withDefault(fields.positiveInteger, 256),
  inputRange: fields.optional(fields.finiteRange),
});

/** What a {@link PatchAttack} moves against: a smoothed classifier with a drawn or an enumerated noise. */
export interface PatchTarget extends Omit<AttackTarget, 'noise'> {
  /** The noise that smooths it. */
  readonly noise: Noise | DeterministicNoise;
}

const CALL = 'PatchAttack.perturb';

/**
 * An attack by a sticker: a square of `side` × `side` pixels with the worst content and place that it finds. It proves nothing; it is a test of
 * certificates and of a reader's intuition.
 *
 * Let y be the label and t the class that is next by mean softmax over the copies. At each place that is tried it moves the content c of the square
 * along the signs of ∇_c Σ_i ln σ(z_i,t − z_i,y), z_i being the logits of copy i, by a quarter of the range in each step, from the signs at the image. Of all
 * contents it keeps that with the largest share of votes max_{c ≠ y} v_c − v_y (by largest logit; equal ones by mean softmax), or the image itself. Without
 * gradients (`gradientFree`) a list of contents is tried at each place.
 *
 * Only the values inside the square change, so the change is at most `side` in norm `'patch'`. The classifier runs in inference mode.
 *
 * @throws OptionError for an option out of range
 * @see Levine, Feizi, "(De)Randomized Smoothing for Certifiable Defense against Patch Attacks", NeurIPS 2020, for what it is tried on
 * @example
 * ```ts
 * const bands = new BandAblation({ inputShape: [28, 28, 1], keep: 'columns', size: 4 });
 * const g = new DerandomizedClassifier(model, { noise: bands, numClasses: 10 });
 * const attacked: AttackedRow<VotesOfCopies>[] = [];
 * for await (const row of attackDataset(g, new PatchAttack({ side: 5, places: 4 }), testSet, { key, select: { max: 1 } })) attacked.push(row);
 * ```
 */
export class PatchAttack implements InputAttack {
  /** Side of the square in pixels. */
  readonly side: number;
  /** The same, by the name that rows of `attackDataset` have for the length of an attack. */
  readonly epsilon: number;
  /** How many places are tried. */
  readonly places: number | 'all';
  /** Steps, or random contents, at each place. */
  readonly steps: number;
  /** Whether it goes without gradients. */
  readonly gradientFree: boolean;
  /** Copies of a drawn noise. */
  readonly numNoise: number;
  /** Copies per forward pass. */
  readonly batchSize: number;
  /** The range of its own; undefined: that of the target. */
  readonly inputRange: InputRange | undefined;

  /** Checks the options. */
  constructor(options: PatchAttackOptions) {
    const given = patchAttackOptions.parse('PatchAttack', options);
    this.side = given.side;
    this.epsilon = given.side;
    this.places = given.places;
    this.steps = given.steps;
    this.gradientFree = given.gradientFree;
    this.numNoise = given.numNoise;
    this.batchSize = given.batchSize;
    this.inputRange = given.inputRange;
  }

  /** The same attack with a square of another side. */
  withEpsilon(side: number): PatchAttack {
    const { places, steps, gradientFree, numNoise, batchSize, inputRange } = this;
    return new PatchAttack({ side, places, steps, gradientFree, numNoise, batchSize, inputRange });
  }

  /**
   * Attacks a batch, one image after the other.
   *
   * @param target - a smoothed classifier, or what an attack needs of one
   * @param request - images [B, H, W, C] and their labels; `strength` scales the side, rounded down; noise is never given
   * @returns the attacked images, [B, H, W, C], owned by the caller
   * @throws TensorError if called inside a gradient tape, or for images of another rank or smaller than the square
   * @throws OptionError for a target without a finite range of values, and where no gradients can be taken
   */
  perturb(target: PatchTarget, request: InputAttackRequest): tf.Tensor {
    assertOutsideTape(CALL);
    const { x, labels, key, strength, firstImage } = parseInputAttackRequest(CALL, request);
    if (!fields.hasMethods(target, ['logits']) || !('noise' in target)) {
      const must = 'must be a smoothed classifier, or what an attack needs of one, { logits, noise, inputRange }';
      throw refusal(OptionError, { call: CALL, field: 'target', value: target }, must);
    }
    const side = Math.floor(this.side * strength);
    assertImages(x, Math.max(1, side));
    if (!this.gradientFree) assertGradients(CALL, target.logits);
    const range = this.inputRange ?? parseField(CALL, 'inputRange', fields.finiteRange, target.inputRange);
    const { noise: noiseKey, direction: placesKey } = searchKeys(key);
    return tf.tidy(() => {
      const own = checkLabels(CALL, labels, x.shape[0] ?? 0).labels;
      const moved = tf.unstack(x).map((image, b) =>
        tf.tidy(() => {
          if (side === 0) return copyOf(image);
          const copies = this.#copies(target, foldIn(noiseKey, firstImage + b));
          const view: PatchView = {
            logits: target.logits,
            copies,
            label: tf.slice(own, b, 1) as tf.Tensor1D,
            range,
            side,
          };
          return this.#attack(view, image, foldIn(placesKey, firstImage + b));
        }),
      );
      return tf.stack(moved);
    });
  }

  /** Copies of an image, in parts that fit in a pass. */
  #copies({ noise }: PatchTarget, key: Key): PatchView['copies'] {
    const all = 'copies' in noise ? noise.copies : this.numNoise;
    return Array.from({ length: Math.ceil(all / this.batchSize) }, (_, part) => {
      const start = part * this.batchSize;
      const count = Math.min(this.batchSize, all - start);
      return (image: tf.Tensor): tf.Tensor =>
        'copies' in noise ? noise.perturb(image, { start, count }) : noise.perturb(image, { key, start, count });
    });
  }

  #attack(view: PatchView, image: tf.Tensor, key: Key): tf.Tensor {
    const [height = 1, width = 1] = image.shape;
    const next = nextClass(view, image);
    const { side, range } = view;
    const [down, across] = [height - side + 1, width - side + 1];
    const count = this.places === 'all' ? down * across : Math.min(this.places, down * across);
    let best = scored(view, image);
    if (this.gradientFree) {
      for (const place of placesOfKey(key, down * across, count)) {
        const isInside = squareAt(tensorOver([place], [], 'int32'), image, side);
        const contents = contentsOf(image, range, { random: this.steps, key: foldIn(key, 1 + place) });
        for (const content of contents) {
          best = tf.tidy(() => better(best, scored(view, tf.where(isInside, content, image))));
        }
      }
      return copyOf(best.image);
    }
    const [low, high] = range;
    const first = ascentOf(view, next, image);
    const toEnds = (gradient: tf.Tensor): tf.Tensor => tf.where(tf.greater(gradient, 0), tf.fill(image.shape, high), tf.fill(image.shape, low)); // prettier-ignore
    let scores = windowSums(first, side); // of the places that are left
    for (let tried = 0; tried < count; tried++) {
      const place = tf.argMax(scores) as tf.Scalar;
      scores = tf.where(tf.cast(tf.oneHot(place, down * across), 'bool'), tf.fill([down * across], -1), scores);
      const isInside = squareAt(place, image, side);
      let current = tf.where(isInside, toEnds(first), image);
      best = better(best, scored(view, current));
      for (let step = 0; step < this.steps; step++) {
        current = tf.tidy(() => {
          const along = tf.mul(tf.sign(ascentOf(view, next, current)), (high - low) / 4);
          return tf.where(isInside, tf.clipByValue(tf.add(current, along), low, high), image);
        });
        best = better(best, scored(view, current));
      }
    }
    return copyOf(best.image);
  }
}

function assertImages(x: tf.Tensor, side: number): void {
  const [batch = 0, height = 0, width = 0] = x.shape;
  if (x.rank !== 4 || batch === 0 || height < side || width < side) {
    const must = `must be images [B, height, width, channels] of at least ${side} × ${side} pixels`;
    throw refusal(TensorError, { call: CALL, field: 'x', value: x.shape, got: showShape(x) }, must);
  }
  assertFloat(CALL, 'x', x);
}
