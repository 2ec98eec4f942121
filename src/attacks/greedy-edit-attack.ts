import * as tf from '@tensorflow/tfjs';
import type { LogitsFn } from '../classifier/types.ts';
import { OptionError, refusal } from '../errors.ts';
import type { DeletionNoise } from '../noise/deletion-noise.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { fillBits } from '../random/fill-bits.ts';
import { foldIn } from '../random/key.ts';
import { searchKeys } from '../random/purposes.ts';
import { assertBatch } from '../tensors/assert-shapes.ts';
import { assertLabelsFit, checkLabels } from '../tensors/labels.ts';
import { oneHot } from '../tensors/masks.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import type { Key } from '../types.ts';
import { parseInputAttackRequest } from './smoothed-rows.ts';
import type { AttackTarget, InputAttack, InputAttackRequest } from './types.ts';

/** Options of {@link GreedyEditAttack}. */
export interface GreedyEditAttackOptions {
  /** Largest number of edits, r: so many steps are taken. */
  readonly epsilon: number;
  /** The ids that may be put in, for example all 256 bytes. */
  readonly tokens: readonly number[];
  /**
   * How many random edits are tried in a step.
   * @defaultValue 128
   */
  readonly trials?: number | undefined;
  /**
   * Number of noisy copies whose mean softmax is attacked, M, anew in each step.
   * @defaultValue 64
   */
  readonly numNoise?: number | undefined;
}

const greedyEditAttackOptions = optionsOf<GreedyEditAttackOptions>()({
  epsilon: fields.positiveInteger,
  tokens: fields.field<readonly number[]>(
    'must be a list of at least one token id',
    (v) => Array.isArray(v) && v.length > 0 && v.every((id) => fields.isInteger(id, 0, 2 ** 24)),
  ),
  trials: fields.withDefault(fields.positiveInteger, 128),
  numNoise: fields.withDefault(fields.positiveInteger, 64),
});

const CALL = 'GreedyEditAttack.perturb';

/**
 * Edits a sequence token by token so that the smoothed classifier loses its class: a search for inputs that break certificates of `DeletionNoise`.
 *
 * Each of `epsilon` steps draws `trials` random edits: a substitution, insertion or deletion, each at a random place with a random one of `tokens`. It
 * makes the one after which the mean softmax of the label over M copies is lowest, if it falls at all. All edits of a step are tried on the same
 * copies: those that leave the place out stay as they are, so only the others, about 1 − p of M · `trials`, are classified again. An insertion into a
 * sequence of full length, and places behind the end, are passed over. So x and the result are at most `epsilon` edits apart. It proves nothing: that it
 * finds no edit does not mean that there is none.
 *
 * The key drives the edits and the copies; sequence b has the key `foldIn(key, firstImage + b)`. It needs no gradients, but a classifier of tensors.
 *
 * @throws OptionError for a wrong or unknown option
 * @example
 * ```ts
 * const attack = new GreedyEditAttack({ epsilon: 6, tokens: [...new Uint8Array(256).keys()] });
 * ```
 */
export class GreedyEditAttack implements InputAttack {
  /** Largest number of edits. */
  readonly epsilon: number;
  /** The ids that may be put in. */
  readonly tokens: readonly number[];
  /** Edits tried in a step. */
  readonly trials: number;
  /** Noisy copies in a step. */
  readonly numNoise: number;

  /** Checks the options. */
  constructor(options: GreedyEditAttackOptions) {
    const { epsilon, tokens, trials, numNoise } = greedyEditAttackOptions.parse('GreedyEditAttack', options);
    this.epsilon = epsilon;
    this.tokens = tokens;
    this.trials = trials;
    this.numNoise = numNoise;
  }

  /** The same attack with another number of edits. */
  withEpsilon(epsilon: number): GreedyEditAttack {
    const { tokens, trials, numNoise } = this;
    return new GreedyEditAttack({ epsilon, tokens, trials, numNoise });
  }

  /**
   * The edited sequences, [B, length], owned by the caller.
   *
   * @throws OptionError for a target without deletion noise, a pad among `tokens`, given `noise` or wrong labels; TensorError for a wrong shape
   */
  perturb(target: AttackTarget, request: InputAttackRequest): tf.Tensor {
    const given = parseInputAttackRequest(CALL, request);
    assertOutsideTape(CALL);
    const noise = deletionOf(target);
    if (given.noise !== undefined) {
      const details = { call: CALL, field: 'noise', value: given.noise, way: 'deletion is not added to x' };
      throw refusal(OptionError, details, 'must be left out');
    }
    if (this.tokens.includes(noise.padId)) {
      const details = { call: CALL, field: 'tokens', value: this.tokens };
      throw refusal(OptionError, details, `must leave the pad ${noise.padId} out, which is no token`);
    }
    const { x, key, firstImage } = given;
    assertBatch(CALL, x);
    const steps = Math.floor(this.epsilon * given.strength);
    return tf.tidy(() => {
      const { labels, largest } = checkLabels(CALL, given.labels, x.shape[0] ?? 0);
      const edited = tf.unstack(x).map((sequence, b) => {
        const label = tf.slice(labels, b, 1);
        let current = tf.reshape(sequence, [1, -1]) as tf.Tensor2D;
        for (let step = 0; step < steps; step++) {
          const keys = searchKeys(foldIn(foldIn(key, firstImage + b), step));
          const last = current;
          current = tf.tidy(() => this.#step({ target, noise, label, largest }, last, keys));
        }
        return current;
      });
      return tf.reshape(tf.concat(edited), x.shape);
    });
  }

  /** The sequence after the best of the edits drawn, or as it was. */
  #step(
    { target, noise, label, largest }: Attacked,
    x: tf.Tensor2D,
    keys: { readonly noise: Key; readonly direction: Key },
  ): tf.Tensor2D {
    const { length, padId } = noise;
    const { trials, numNoise } = this;
    const edits = drawEdits(this, length, keys.direction);
    // The words of the second half decide whether a copy keeps an inserted token.
    const kept = noise.keptTokens({ key: keys.noise, start: 0, count: 2 * numNoise });
    const touched = touchedCopies(edits, kept, { length, numNoise });
    if (touched.copy.length === 0) return tf.clone(x);
    const copies = noise.perturb(tf.reshape(x, [length]), { key: keys.noise, start: 0, count: numNoise });
    const before = chanceOf(target.logits, copies, label, largest);
    const rows = tf.gather(copies, tensorOver(touched.copy, [touched.copy.length], 'int32')) as tf.Tensor2D;
    const after = chanceOf(target.logits, editRows(rows, touchedEdits(edits, touched), padId), label, largest);
    const gains = tf.sub(after, tf.gather(before, tensorOver(touched.copy, [touched.copy.length], 'int32')));
    const ofEdit = new Float32Array(trials * touched.copy.length);
    for (const [row, edit] of touched.edit.entries()) ofEdit[edit * touched.copy.length + row] = 1;
    const sums = tf.matMul(tensorOver(ofEdit, [trials, touched.copy.length], 'float32'), tf.reshape(gains, [-1, 1]));
    const tokens = tf.sum(tf.cast(tf.notEqual(x, padId), 'float32'));
    const room = tf.add(edits.at, tf.sub(1, edits.isInsertion)); // at ≤ n for an insertion, at < n else
    const isPossible = tf.logicalAnd(
      tf.lessEqual(room, tokens),
      tf.logicalOr(tf.equal(edits.isInsertion, 0), tf.less(tokens, length)),
    );
    const scores = tf.where(isPossible, tf.reshape(sums, [trials]), tf.onesLike(edits.at));
    const best = tf.reshape(tf.argMin(scores), [1]);
    const falls = tf.cast(tf.less(tf.gather(scores, best), 0), 'float32');
    const one = (of: tf.Tensor): tf.Tensor => tf.mul(tf.gather(of, best), falls);
    const chosen = {
      isSubstitution: one(edits.isSubstitution),
      isInsertion: one(edits.isInsertion),
      isDeletion: one(edits.isDeletion),
      at: tf.gather(edits.at, best),
      token: tf.gather(edits.token, best),
    };
    return editRows(x, chosen, padId);
  }
}

/** What one sequence is attacked with. */
interface Attacked {
  readonly target: AttackTarget;
  readonly noise: DeletionNoise;
  readonly label: tf.Tensor;
  readonly largest: number | undefined;
}

/** One edit of each row, [rows] each: at most one of the kinds is 1, none for no edit. */
interface RowEdits {
  readonly isSubstitution: tf.Tensor;
  readonly isInsertion: tf.Tensor;
  readonly isDeletion: tf.Tensor;
  readonly at: tf.Tensor;
  readonly token: tf.Tensor;
}

/** The edits of a step, as tensors and as numbers: kind 0 substitutes, 1 inserts, 2 deletes. */
interface DrawnEdits extends RowEdits {
  readonly kinds: readonly number[];
  readonly places: readonly number[];
}

function drawEdits({ tokens, trials }: GreedyEditAttack, length: number, key: Key): DrawnEdits {
  const words = new Uint32Array(3 * trials);
  fillBits(words, { key, start: 0, dimension: 3 });
  const below = (trial: number, word: number, most: number): number =>
    Math.floor((words[3 * trial + word]! / 2 ** 32) * most);
  const each = (draw: (trial: number) => number): number[] => Array.from({ length: trials }, (_, trial) => draw(trial));
  const kinds = each((trial) => below(trial, 0, 3));
  const places = each((trial) => below(trial, 1, length));
  const chosen = each((trial) => tokens[below(trial, 2, tokens.length)]!);
  const ofKind = (kind: number): tf.Tensor => float(kinds.map((one) => Number(one === kind)));
  const [isSubstitution, isInsertion, isDeletion] = [ofKind(0), ofKind(1), ofKind(2)];
  return { kinds, places, isSubstitution, isInsertion, isDeletion, at: float(places), token: float(chosen) };
}

const float = (values: readonly number[]): tf.Tensor => tensorOver(values, [values.length], 'float32');

/** The pairs of an edit and a copy that it changes, and the place of the edit in the copy. */
interface Touched {
  readonly edit: readonly number[];
  readonly copy: Int32Array;
  readonly at: readonly number[];
}

function touchedCopies(
  { kinds, places }: DrawnEdits,
  kept: Uint8Array,
  { length, numNoise }: { readonly length: number; readonly numNoise: number },
): Touched {
  const edit: number[] = [];
  const copy: number[] = [];
  const at: number[] = [];
  for (let m = 0; m < numNoise; m++) {
    const own = kept.subarray(m * length, (m + 1) * length);
    const ofNew = kept.subarray((numNoise + m) * length, (numNoise + m + 1) * length);
    const before = [0];
    for (const isKept of own) before.push(before.at(-1)! + isKept);
    for (const [k, place] of places.entries()) {
      if ((kinds[k] === 1 ? ofNew : own)[place] !== 1) continue;
      edit.push(k);
      copy.push(m);
      at.push(before[place]!);
    }
  }
  return { edit, copy: Int32Array.from(copy), at };
}

/** The edits of the touched copies, one a row. */
function touchedEdits(edits: DrawnEdits, { edit, at }: Touched): RowEdits {
  const rows = tensorOver(Int32Array.from(edit), [edit.length], 'int32');
  return {
    isSubstitution: tf.gather(edits.isSubstitution, rows),
    isInsertion: tf.gather(edits.isInsertion, rows),
    isDeletion: tf.gather(edits.isDeletion, rows),
    at: float(at),
    token: tf.gather(edits.token, rows),
  };
}

/** Rows [R, L] after one edit each: what is behind an insertion moves right, what is behind a deletion left. */
function editRows(
  rows: tf.Tensor2D,
  { isSubstitution, isInsertion, isDeletion, at, token }: RowEdits,
  padId: number,
): tf.Tensor2D {
  const [count, length] = rows.shape;
  const column = (of: tf.Tensor): tf.Tensor => tf.reshape(of, [count, 1]);
  const places = tf.reshape(tf.range(0, length, 1, 'float32'), [1, length]);
  const isAt = tf.cast(tf.equal(places, column(at)), 'float32');
  const isBehind = tf.cast(tf.less(column(at), places), 'float32');
  const shift = tf.sub(tf.mul(column(isDeletion), tf.add(isAt, isBehind)), tf.mul(column(isInsertion), isBehind));
  const first = tf.reshape(tf.mul(tf.range(0, count, 1, 'float32'), length + 1), [count, 1]);
  const from = tf.cast(tf.add(tf.add(first, places), shift), 'int32');
  const flat = tf.reshape(tf.concat([rows, tf.fill([count, 1], padId)], 1), [count * (length + 1)]);
  const moved = tf.gather(flat, from);
  const isNew = tf.greater(tf.mul(isAt, column(tf.add(isSubstitution, isInsertion))), 0);
  return tf.where(isNew, tf.tile(column(token), [1, length]), moved) as tf.Tensor2D;
}

/** Softmax of the label of each copy, [copies]. */
function chanceOf(run: LogitsFn, copies: tf.Tensor, label: tf.Tensor, largest: number | undefined): tf.Tensor {
  const logits = run(copies, { training: false });
  const numClasses = logits.shape[1] ?? 0;
  assertLabelsFit(CALL, largest, numClasses);
  return tf.sum(tf.mul(tf.softmax(logits), oneHot(label as tf.Tensor1D, numClasses)), 1);
}

function deletionOf(target: AttackTarget): DeletionNoise {
  const noise = (target as Partial<AttackTarget> | undefined)?.noise;
  if (fields.hasMethods(target, ['logits']) && fields.hasMethods(noise, ['keptTokens', 'perturb'])) {
    return noise as unknown as DeletionNoise;
  }
  const details = { call: CALL, field: 'target.noise', value: noise, way: 'it edits sequences' };
  throw refusal(OptionError, details, 'must be a DeletionNoise');
}
