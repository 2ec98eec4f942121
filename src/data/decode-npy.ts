import { parseDecodeNpyOptions } from '../options/decode-options.ts';
import { bytesPerElement, decodeElements } from './decode-elements.ts';
import { elementCount } from './element-bytes.ts';
import { assertDeclaredSize, decodeFile } from './file-bytes.ts';
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
  return decodeFile(CALL, bytes, maxBytes, (file) => decodeNpyFile(CALL, file));
}

/** The array of an unpacked NPY file, for the public call that `call` names. @internal */
export function decodeNpyFile(call: string, file: Uint8Array): NpyArray {
  const { dtype, littleEndian, fortranOrder, shape, headerBytes } = readNpyHeader(call, file);
  const width = bytesPerElement(dtype);
  assertDeclaredSize(call, file, { bytes: headerBytes + elementCount(shape) * width, dtype, shape });
  const stored = file.subarray(headerBytes);
  const elements = fortranOrder ? toRowMajor(stored, shape, width) : stored;
  return decodeElements(call, elements, { dtype, shape, littleEndian });
}
