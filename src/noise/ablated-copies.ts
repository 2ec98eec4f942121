import * as tf from '@tensorflow/tfjs';
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
export type AblationEncoding = 'double' | 'mask' | { readonly fill: number | readonly number[] };

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

/** Shape of an encoded copy of an example [...positions, channels]. @internal */
export function encodedShape(shape: readonly number[], encoding: AblationEncoding): number[] {
  const channels = shape.at(-1) ?? 1;
  const added = encoding === 'double' ? channels : encoding === 'mask' ? 1 : 0;
  return [...shape.slice(0, -1), channels + added];
}

/** The constants of the channels under `{ fill }`; 0 under the other encodings. */
function fillOf(encoding: AblationEncoding, channels: number): readonly number[] {
  const fill = typeof encoding === 'string' ? 0 : encoding.fill;
  return typeof fill === 'number' ? new Array<number>(channels).fill(fill) : fill;
}

/**
 * Copies of an example that show the kept positions alone, inside a tidy.
 *
 * Ablated values are replaced by selection, never multiplied by 0: −0 and NaN would show what was there.
 *
 * @param x - the example as [...positions, channels]
 * @param kept - 1 for kept and 0 for ablated positions, copy after copy; taken over
 * @returns [count, ...{@link encodedShape}]
 * @internal
 */
export function ablatedCopies(x: tf.Tensor, kept: Uint8Array, count: number, encoding: AblationEncoding): tf.Tensor {
  const shape = x.shape;
  const channels = shape.at(-1) ?? 1;
  const positions = x.size / channels;
  const isKept = tensorOver(kept, [count, positions, 1], 'bool');
  const values = tf.reshape(x, [1, positions, channels]);
  const select = (of: tf.Tensor, otherwise: tf.Tensor): tf.Tensor =>
    tf.where(tf.tile(isKept, [1, 1, channels]), tf.tile(of, [count, 1, 1]), tf.tile(otherwise, [count, positions, 1]));
  const fill = tensorOver([...fillOf(encoding, channels)], [1, 1, channels], 'float32');
  const shown = select(values, fill);
  const parts = [shown];
  if (encoding === 'double') parts.push(select(tf.sub(1, values), fill));
  if (encoding === 'mask') parts.push(tf.cast(isKept, 'float32'));
  return tf.reshape(parts.length === 1 ? shown : tf.concat(parts, 2), [count, ...encodedShape(shape, encoding)]);
}

/**
 * {@link ablatedCopies} without tensors, bit by bit.
 *
 * @param out - room for all copies
 * @param x - values of the example, position after position
 * @param kept - as many masks as copies
 * @internal
 */
export function fillAblated(
  out: Float32Array,
  x: Float32Array,
  kept: Uint8Array,
  channels: number,
  encoding: AblationEncoding,
): void {
  const positions = x.length / channels;
  const width = encodedShape([channels], encoding)[0]!;
  const fill = fillOf(encoding, channels);
  for (let row = 0, to = 0; row < kept.length; row++, to += width) {
    const isKept = kept[row] === 1;
    const from = (row % positions) * channels;
    for (let c = 0; c < channels; c++) {
      const value = x[from + c]!;
      out[to + c] = isKept ? value : fill[c]!;
      if (encoding === 'double') out[to + channels + c] = isKept ? Math.fround(1 - value) : 0;
    }
    if (encoding === 'mask') out[to + channels] = isKept ? 1 : 0;
  }
}
