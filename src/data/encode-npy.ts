import { arrayBytes } from './array-bytes.ts';
import { npyPreamble } from './npy-preamble.ts';
import type { NpyArray } from './npy-types.ts';

/**
 * Writes an array as an NPY file, byte for byte as `np.save` of NumPy 2 does: version 1.0, little endian, C order.
 *
 * `int64` takes integers below 2^53 in size, `bool` takes 0 and 1. The result does not share memory with the array.
 *
 * @throws DataError if element type, shape and values do not fit together, or a dimension is empty.
 * @example
 * ```ts
 * await writeFile('counts.npy', encodeNpy({ dtype: 'int32', shape: [2, 2], data: Int32Array.of(97, 3, 2, 98) }));
 * ```
 * @see Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function encodeNpy(array: NpyArray): Uint8Array {
  const values = arrayBytes({ call: 'encodeNpy', field: 'array' }, array, 1);
  const preamble = npyPreamble(array);
  const file = new Uint8Array(preamble.length + values.length);
  file.set(preamble);
  file.set(values, preamble.length);
  return file;
}
