import { parseDecodeNpyOptions } from '../options/decode-options.ts';
import { BYTES_PER_ELEMENT, elementCount, toTypedArray } from './element-bytes.ts';
import { assertDeclaredSize, unpackedFile, wrongBytes } from './file-bytes.ts';
import { readNpyHeader } from './npy-header.ts';
import type { NpyArray } from './npy-types.ts';
import { toRowMajor } from './to-row-major.ts';

const CALL = 'decodeNpy';

/** Options of {@link decodeNpy}. */
export interface DecodeNpyOptions {
  /**
   * Most bytes that a gzip file may unpack to. It stops a small hostile file from filling the memory.
   *
   * @defaultValue 2^30 (1 GiB; one corruption of CIFAR-10-C takes 154 MB)
   */
  readonly maxBytes?: number;
}

/**
 * Decodes an NPY file (one array of NumPy, format 1.0, 2.0 or 3.0), plain or packed with gzip.
 *
 * Values come out row major, whether the file is in C or Fortran order, little or big endian. Element types are bool,
 * uint8, int8, int16, int32, int64, float32 and float64; int64 becomes doubles, and values beyond 2^53 - 1 are refused.
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
  const { maxBytes } = parseDecodeNpyOptions(CALL, options);
  const file = await unpackedFile(CALL, bytes, maxBytes);
  const { dtype, littleEndian, fortranOrder, shape, headerBytes } = readNpyHeader(CALL, file);
  const width = dtype === 'int64' ? 8 : dtype === 'bool' ? 1 : BYTES_PER_ELEMENT[dtype];
  assertDeclaredSize(CALL, file, { bytes: headerBytes + elementCount(shape) * width, dtype, shape });
  const stored = file.subarray(headerBytes);
  const elements = fortranOrder ? toRowMajor(stored, shape, width) : stored;
  if (dtype === 'int64') return { dtype, shape, data: safeIntegers(elements, littleEndian) };
  if (dtype === 'bool') return { dtype, shape, data: truthValues(elements) };
  return toTypedArray(elements, { dtype, shape, littleEndian });
}

function safeIntegers(elements: Uint8Array, littleEndian: boolean): Float64Array {
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  const [low, high] = littleEndian ? [0, 4] : [4, 0];
  return Float64Array.from({ length: elements.length / 8 }, (_, i) => {
    // Exact below 2^53 in size; beyond it the sum may round, but never to below.
    const value = view.getInt32(8 * i + high, littleEndian) * 2 ** 32 + view.getUint32(8 * i + low, littleEndian);
    if (Number.isSafeInteger(value)) return value;
    throw wrongBytes(CALL, `must hold integers below 2^53 in size, got about ${value} at element ${i}`, value);
  });
}

function truthValues(elements: Uint8Array): Uint8Array {
  const wrong = elements.findIndex((byte) => byte > 1);
  if (wrong < 0) return new Uint8Array(elements);
  throw wrongBytes(CALL, `must hold 0 or 1 for each bool, got ${elements[wrong]} at element ${wrong}`, elements[wrong]);
}
