import { DataError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import type { InputRange } from '../types.ts';

/** The typed arrays that inputs may come in. */
export type InputArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** Whether a value is one of them; BigInt arrays are none. @internal */
export function isInputArray(value: unknown): value is InputArray {
  return ArrayBuffer.isView(value) && 'length' in value && !elementType(value).startsWith('big');
}

/** Where values were given, for errors, and their element type there. */
interface ValuesPlace {
  readonly call: string;
  readonly field: string;
  /** Element type; without it that of the typed array. */
  readonly dtype?: string | undefined;
}

const KEEP = "to keep the numbers as they are: x.astype('float32') of NumPy, Float32Array.from of JavaScript";

/**
 * Inputs as the library holds them: bytes, which fill the input range, or float32 numbers in input units.
 *
 * Floats are rounded to float32, which changes a number by less than 1e-7 of its size. Integers of any type are bytes if all are from 0 to 255:
 * then each is the byte of the same value. Other integers are refused, since nothing says what their largest value stands for.
 *
 * @throws DataError that names the field, the value and the way out
 * @internal
 */
export function inputValues(place: ValuesPlace, values: InputArray): Float32Array | Uint8Array {
  const dtype = place.dtype ?? elementType(values);
  if (dtype.startsWith('float')) return roundedFloats(place, values);
  // A view, not a copy, also of what a canvas gives.
  if (dtype.startsWith('uint8')) return new Uint8Array(values.buffer, values.byteOffset, values.length);
  if (dtype === 'bool') {
    const details = { ...place, value: values, got: 'bool', way: "x.astype('float32') makes True 1 and False 0" };
    throw refusal(DataError, details, 'must be numbers');
  }
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  // Where the largest is 1 these are rather two colours, of which bytes would make nearly nothing, than black images.
  if (least >= 0 && most <= 255 && most !== 1) return Uint8Array.from(values);
  const way = most === 1 ? `x.astype('uint8') for bytes; ${KEEP}` : KEEP;
  const levels = "16-bit levels become 0 to 1 by (x / 65535).astype('float32')";
  const details =
    least < 0
      ? { value: least, got: `${dtype} down to ${least}`, way: KEEP }
      : { value: most, got: `${dtype} up to ${most}`, way: most > 255 && most <= 65535 ? `${levels}; ${KEEP}` : way };
  throw refusal(DataError, { ...place, ...details }, 'must be bytes from 0 to 255, or floats');
}

/** The element type of a typed array, for example 'float32'. @internal */
export function elementType(values: unknown): string {
  return Object.prototype.toString.call(values).slice('[object '.length, -'Array]'.length).toLowerCase();
}

function roundedFloats(place: ValuesPlace, values: InputArray): Float32Array {
  if (values instanceof Float32Array) return values;
  const rounded = Float32Array.from(values);
  const index = rounded.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(values[i]));
  if (index < 0) return rounded;
  const value = values[index] as number;
  const details = { ...place, value, got: `${value} at index ${index}` };
  throw refusal(DataError, details, 'must be numbers that float32 can hold, at most 3.4e38 in size');
}

/** The range that bytes fill: its ends are float32 numbers, and differ there. @internal */
export const byteRange: fields.Field<InputRange> = fields.field<InputRange>(
  'must be [low, high], two finite numbers of float32 with low < high',
  (v) => {
    if (!Array.isArray(v) || v.length !== 2 || !v.every(fields.isFiniteNumber)) return false;
    const [low, high] = v.map(Math.fround) as [number, number];
    return low < high && Number.isFinite(low) && Number.isFinite(high);
  },
);

/**
 * What each byte is in input units: byte b is low + (high - low) · b / 255, rounded to float32 and never outside the range.
 *
 * In [0, 1] that is float32(b / 255), in [0, 255] b itself.
 * @internal
 */
export function byteLevels([low, high]: InputRange): Float32Array {
  const [least, most] = [Math.fround(low), Math.fround(high)];
  const levels = Float32Array.from({ length: 256 }, (_, byte) =>
    Math.min(most, Math.max(least, low + ((high - low) * byte) / 255)),
  );
  levels[255] = most; // the sum may have lost a `high` that is tiny beside `low`
  return levels;
}
