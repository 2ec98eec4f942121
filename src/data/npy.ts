import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { elementCount, type NpyArray } from './arrays.ts';
import { arrayBytes, decodeElements, storedBytes } from './elements.ts';
import { assertDeclaredSize, decodeFile } from './file-bytes.ts';
import { npyPreamble, readNpyHeader } from './npy-header.ts';

/** Options of {@link decodeNpy}. */
export interface DecodeNpyOptions {
  /**
   * Most bytes that a gzip file may unpack to. It stops a small hostile file from filling the memory.
   *
   * @defaultValue 2^30 (1 GiB; one corruption of CIFAR-10-C takes 154 MB)
   */
  readonly maxBytes?: number | undefined;
}

const decodeNpyOptions = optionsOf<DecodeNpyOptions>()({
  maxBytes: fields.withDefault(fields.positiveInteger, 2 ** 30),
});

/**
 * Decodes an NPY file (one array of NumPy, format 1.0, 2.0 or 3.0), plain or packed with gzip.
 *
 * Values come out row major, whether the file is in C or Fortran order, little or big endian. Element types are bool, integers of 8 to 64 bits
 * with and without sign, and floats of 16, 32 and 64 bits. float16 is widened to float32, without a change of value; integers of 64 bits become
 * doubles, and values beyond 2^53 - 1 are refused. The error for another type (complex numbers, texts, records, objects) has the line of
 * NumPy that helps.
 * Nothing of the header is run: it is read by a strict grammar, and its size is compared with the bytes at hand before
 * anything is allocated. The result does not share memory with `bytes`.
 *
 * @param bytes - The whole file.
 * @throws DataError if the file is truncated, has bytes left over, is not NPY, has another element type, an empty
 * dimension or more than 64, holds an integer that a double cannot hold or a bool that is neither 0 nor 1, does not
 * unpack, or unpacks to more than `maxBytes`.
 * @throws OptionError if an option is unknown or outside its domain.
 * @example
 * ```ts
 * const images = await decodeNpy(await readFile('mnist_c/fog/test_images.npy'));
 * images.shape; // [10000, 28, 28, 1]
 * ```
 * @see Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export async function decodeNpy(bytes: Uint8Array | ArrayBuffer, options: DecodeNpyOptions = {}): Promise<NpyArray> {
  const call = 'decodeNpy';
  const { maxBytes } = decodeNpyOptions.parse(call, options);
  return decodeFile(call, bytes, maxBytes, (file) => decodeNpyFile(call, file));
}

/** The array of an unpacked NPY file, for the public call that `call` names. @internal */
export function decodeNpyFile(call: string, file: Uint8Array): NpyArray {
  const { dtype, littleEndian, fortranOrder, shape, headerBytes } = readNpyHeader(call, file);
  const width = storedBytes(dtype);
  assertDeclaredSize(call, file, { bytes: headerBytes + elementCount(shape) * width, dtype, shape });
  const stored = file.subarray(headerBytes);
  const elements = fortranOrder ? toRowMajor(stored, shape, width) : stored;
  return decodeElements(call, elements, { dtype, shape, littleEndian });
}

/** Elements of `width` bytes from column-major (Fortran) to row-major (C) order. */
function toRowMajor(elements: Uint8Array, shape: readonly number[], width: number): Uint8Array {
  const reordered = new Uint8Array(elements.length);
  const strides = columnMajorStrides(shape, width);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < reordered.length; to += width) {
    for (let b = 0; b < width; b++) reordered[to + b] = elements[from + b] as number;
    from = nextInRowMajor(index, from, shape, strides);
  }
  return reordered;
}

/** Bytes between neighbours along each axis, the first axis varying fastest. */
function columnMajorStrides(shape: readonly number[], width: number): number[] {
  let stride = width;
  return shape.map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
}

/** Advances `index` by one in row-major order, the last axis first, and gives the place of that element. */
function nextInRowMajor(index: number[], from: number, shape: readonly number[], strides: readonly number[]): number {
  let place = from;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [size, stride, i] = [shape[axis] as number, strides[axis] as number, (index[axis] as number) + 1];
    place += stride;
    index[axis] = i % size;
    if (i < size) return place;
    place -= stride * size;
  }
  return place;
}

/**
 * Writes an array as an NPY file, byte for byte as `np.save` of NumPy 2 does: version 1.0, little endian, C order.
 *
 * `int64` and `uint64` take integers below 2^53 in size, `bool` takes 0 and 1. The result does not share memory with the array.
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
