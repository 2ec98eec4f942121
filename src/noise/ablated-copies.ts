import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/**
 * How a copy shows that a value is ablated. All are sound; they differ in accuracy alone.
 *
 * - `'double'`: a kept value v becomes two channels (v, 1 − v), an ablated one (0, 0): all v first, then all 1 − v. For values in [0, 1].
 * - `'mask'`: ablated values become 0, and a last channel says 1 for kept and 0 for ablated positions.
 * - `{ fill }`: ablated values become a constant, one number or one for each channel (a training mean, or the id of a token [MASK]). It must not be
 *   computed from the input.
 */
export type AblationEncoding =
  | 'double'
  | 'mask'
  | {
      /** What ablated values become, the same for all channels or one for each. */
      readonly fill: number | readonly number[];
    };

const isFinite = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);
const isFill = (v: unknown): boolean => isFinite(v) || (Array.isArray(v) && v.length > 0 && v.every(isFinite));

/** @internal */
export const encodingField: fields.Field<AblationEncoding> = fields.field<AblationEncoding>(
  "must be 'double', 'mask' or { fill: a finite number, or one for each channel }",
  (v) =>
    v === 'double' ||
    v === 'mask' ||
    (typeof v === 'object' && v !== null && Object.keys(v).join() === 'fill' && isFill((v as { fill?: unknown }).fill)),
);

/**
 * Shape of an encoded copy of an example [...positions, channels].
 *
 * @param masks - how many masks a place of the last axis has: 1, or one for each channel
 * @internal
 */
export function encodedShape(shape: readonly number[], encoding: AblationEncoding, masks = 1): number[] {
  const channels = shape.at(-1) ?? 1;
  const added = encoding === 'double' ? channels : encoding === 'mask' ? masks : 0;
  return [...shape.slice(0, -1), channels + added];
}

/** The constants of the channels under `{ fill }`; 0 under the other encodings. */
function fillOf(encoding: AblationEncoding, channels: number): readonly number[] {
  const fill = typeof encoding === 'string' ? 0 : encoding.fill;
  return typeof fill === 'number' ? new Array<number>(channels).fill(fill) : fill;
}

/**
 * Copies of an example that show the kept positions alone, inside a tidy. Differentiable with respect to `x`.
 *
 * Ablated values are replaced by selection, never multiplied by 0: −0 and NaN would show what was there.
 *
 * @param x - the example as [...positions, channels]
 * @param kept - 1 for kept and 0 for ablated positions, copy after copy; taken over. Either all channels of a position have one mask, or each value has
 * its own: then a last axis of `'mask'` says so of each channel.
 * @returns [count, ...{@link encodedShape}]
 * @internal
 */
export function ablatedCopies(x: tf.Tensor, kept: Uint8Array, count: number, encoding: AblationEncoding): tf.Tensor {
  const shape = x.shape;
  const channels = shape.at(-1) ?? 1;
  const positions = x.size / channels;
  const masks = kept.length / (count * positions);
  const width = encodedShape([channels], encoding, masks)[0]!;
  // An example of which everything is shown: all copies are taken from it and from one of which nothing is, in one operation.
  const values = tf.reshape(x, [positions, channels]);
  const shown =
    encoding === 'double'
      ? tf.concat([values, tf.sub(1, values)], 1)
      : encoding === 'mask'
        ? tf.concat([values, tf.ones([positions, masks])], 1)
        : values;
  const size = positions * width;
  const ofEach = (one: tf.Tensor): tf.Tensor => tf.broadcastTo(tf.reshape(one, [1, size]), [count, size]);
  const fill = fillOf(encoding, channels);
  const hidden = fill.every((constant) => Object.is(constant, 0))
    ? tf.zeros([count, size])
    : ofEach(tf.tile(tensorOver([...fill], [1, channels], 'float32'), [positions, 1]));
  const isShown = tensorOver(shownValues(kept, { channels, masks, width }), [count, size], 'bool');
  return tf.reshape(tf.where(isShown, ofEach(shown), hidden), [count, ...encodedShape(shape, encoding, masks)]);
}

/** Which values of encoded copies are shown, from what is kept of each position or value. */
function shownValues(
  kept: Uint8Array,
  { channels, masks, width }: { readonly channels: number; readonly masks: number; readonly width: number },
): Uint8Array {
  if (width === masks) return kept;
  const shown = new Uint8Array((kept.length / masks) * width);
  const each = channels / masks; // values of a position
  const behind = (width - channels) / masks; // their complements, or what says that it is kept
  for (let at = 0; at < kept.length; at++) {
    if (kept[at] !== 1) continue;
    const mask = at % masks;
    const begin = ((at - mask) / masks) * width + mask;
    for (let c = begin; c < begin + each; c++) shown[c] = 1;
    for (let c = begin + channels; c < begin + channels + behind; c++) shown[c] = 1;
  }
  return shown;
}

/** How examples are encoded, for {@link fillAblated}. @internal */
export interface EncodedForm {
  readonly encoding: AblationEncoding;
  /** Length of the last axis of an example. */
  readonly channels: number;
  /** 1: all channels of a position are kept together; `channels`: each value is a position. */
  readonly masks: number;
}

/**
 * {@link ablatedCopies} without tensors, bit by bit.
 *
 * Arrays are filled as a whole, and what is kept is written over it: a copy costs one pass over its memory and a few steps for each kept position.
 *
 * @param out - room for all copies
 * @param x - values of the example, position after position
 * @param kept - the kept positions of the copies, in any order, as many for each
 * @param keep - how many that are
 * @internal
 */
export function fillAblated(
  out: Float32Array,
  x: Float32Array,
  kept: Uint32Array,
  keep: number,
  { encoding, channels, masks }: EncodedForm,
): void {
  const width = encodedShape([channels], encoding, masks)[0]!;
  fillHidden(out, fillOf(encoding, channels));
  const each = channels / masks; // values of a position
  const size = (x.length / channels) * width;
  for (let at = 0, copy = 0; at < kept.length; at += keep, copy += size) {
    for (let i = at; i < at + keep; i++) {
      const position = kept[i]!;
      const place = Math.floor(position / masks);
      const mask = position - place * masks;
      const to = copy + place * width + mask;
      const from = place * channels + mask;
      for (let c = 0; c < each; c++) {
        const value = x[from + c]!;
        out[to + c] = value;
        if (encoding === 'double') out[to + channels + c] = Math.fround(1 - value);
      }
      if (encoding === 'mask') out[to + channels] = 1;
    }
  }
}

/** Fills an array with the constants of the channels, in turn. */
function fillHidden(out: Float32Array, fill: readonly number[]): void {
  const [first = 0] = fill;
  if (fill.every((constant) => Object.is(constant, first))) out.fill(first);
  else for (let at = 0; at < out.length; at++) out[at] = fill[at % fill.length]!;
}

/**
 * {@link fillAblated} for copies that need not keep the same number of positions, by their masks: 1 for kept and 0 for hidden positions.
 *
 * @param masks - of so many copies, position after position
 * @throws TensorError for values that are no example, OptionError for room that is not of whole copies
 * @internal
 */
export function fillMasked(
  call: string,
  { out, x }: { readonly out: Float32Array; readonly x: Float32Array },
  { inputShape, encoding }: { readonly inputShape: readonly number[]; readonly encoding: AblationEncoding },
  masks: (count: number) => Uint8Array,
): void {
  const [whole, copy] = [inputShape, encodedShape(inputShape, encoding)].map(sizeOf) as [number, number];
  if (x.length !== whole) {
    const details = { call, field: 'x', value: x, got: `${x.length} values` };
    throw refusal(TensorError, details, `must be the ${whole} values of one image`);
  }
  if (out.length === 0 || out.length % copy !== 0) {
    const details = { call, field: 'out.length', value: out.length };
    throw refusal(OptionError, details, `must be a multiple of ${copy}, whole copies`);
  }
  const channels = inputShape.at(-1) ?? 1;
  const positions = whole / channels;
  const all = masks(out.length / copy);
  for (let row = 0; row * copy < out.length; row++) {
    const kept = placesOf(all.subarray(row * positions, (row + 1) * positions));
    const place = out.subarray(row * copy, (row + 1) * copy);
    fillAblated(place, x, kept, kept.length, { encoding, channels, masks: 1 });
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Where a mask is 1. */
function placesOf(mask: Uint8Array): Uint32Array {
  const places = new Uint32Array(mask.length);
  let count = 0;
  for (let at = 0; at < mask.length; at++) if (mask[at] === 1) places[count++] = at;
  return places.subarray(0, count);
}
