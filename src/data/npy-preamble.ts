import type { NpyDtype } from './npy-types.ts';

/** What stands before the values of an NPY file. @internal */
export interface NpyPreamble {
  readonly dtype: NpyDtype;
  /** Dimensions, outermost first, integers of at least 1. */
  readonly shape: readonly number[];
}

/** The element types as NPY names them, little endian; `|` is for one byte, which has no order. */
const DESCR: Readonly<Record<NpyDtype, string>> = {
  bool: '|b1',
  uint8: '|u1',
  int8: '|i1',
  int16: '<i2',
  int32: '<i4',
  int64: '<i8',
  float32: '<f4',
  float64: '<f8',
};

const FIXED_BYTES = 10; // magic number, version, length of the header
const ALIGNMENT = 64;
const GROWTH_DIGITS = 21; // NumPy leaves room for the first dimension to grow to so many digits

/**
 * The bytes of an NPY file up to its first value, equal to those of `np.save` (version 1.0, little endian, C order).
 *
 * Whoever appends the values, row major and little endian, has a valid file when all are written. The length depends on the shape and
 * the element type alone, and is a multiple of 64.
 * @internal
 */
export function npyPreamble({ dtype, shape }: NpyPreamble): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${DESCR[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const room = shape.length === 0 ? 0 : GROWTH_DIGITS - String(shape[0]).length;
  const used = FIXED_BYTES + dictionary.length + room + 1;
  // As NumPy: a header that would end on a multiple of 64 gets 64 spaces more.
  const header = dictionary.length + room + 1 + (ALIGNMENT - (used % ALIGNMENT));
  const text = `\x93NUMPY\x01\x00${String.fromCharCode(header & 0xff, header >> 8)}${dictionary.padEnd(header - 1)}\n`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
