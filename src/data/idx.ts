import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { InputRange } from '../types.ts';
import { imagesAndLabels, makeDataset } from './array-dataset.ts';
import { BYTES_PER_ELEMENT, decodedField, elementCount, type IdxArray, type IdxDtype } from './arrays.ts';
import { toTypedArray } from './elements.ts';
import { assertDeclaredSize, decodeFile, hex, wrongBytes } from './file-bytes.ts';
import { byteRange } from './input-values.ts';
import type { LabelledDataset } from './labelled-dataset.ts';

const DECODE_IDX = 'decodeIdx';

/** Options of {@link decodeIdx}. */
export interface DecodeIdxOptions {
  /**
   * Most bytes that a gzip file may unpack to. It stops a small hostile file from filling the memory.
   *
   * @defaultValue 2^30 (1 GiB; the training images of MNIST unpack to 47 MB)
   */
  readonly maxBytes?: number | undefined;
}

const decodeIdxOptions = optionsOf<DecodeIdxOptions>()({
  maxBytes: fields.withDefault(fields.positiveInteger, 2 ** 30),
});

/**
 * Decodes an IDX file (the format of MNIST and Fashion-MNIST), plain or packed with gzip.
 *
 * Gzip is recognised by its magic bytes, not by a file name. The size that the header declares is compared with the
 * bytes at hand before anything is allocated, so a damaged header cannot ask for memory. The values are copied: the
 * result does not share memory with `bytes`.
 *
 * @param bytes - The whole file.
 * @throws DataError if the file is truncated, has bytes left over, is not IDX, has an unknown element type,
 * no dimension or an empty one, does not unpack, or unpacks to more than `maxBytes`.
 * @throws OptionError if an option is unknown or outside its domain.
 * @example
 * ```ts
 * const images = await decodeIdx(await readFile('t10k-images-idx3-ubyte.gz'));
 * images.shape; // [10000, 28, 28]
 * ```
 * @see Format: http://yann.lecun.com/exdb/mnist/, "THE IDX FILE FORMAT"
 */
export async function decodeIdx(bytes: Uint8Array | ArrayBuffer, options: DecodeIdxOptions = {}): Promise<IdxArray> {
  const { maxBytes } = decodeIdxOptions.parse(DECODE_IDX, options);
  return decodeFile(DECODE_IDX, bytes, maxBytes, decodeIdxFile);
}

function decodeIdxFile(file: Uint8Array): IdxArray {
  const { dtype, shape, headerBytes } = readHeader(file);
  const declared = headerBytes + elementCount(shape) * BYTES_PER_ELEMENT[dtype];
  assertDeclaredSize(DECODE_IDX, file, { bytes: declared, dtype, shape });
  return toTypedArray(file.subarray(headerBytes), { dtype, shape, littleEndian: false });
}

interface Layout {
  readonly dtype: IdxDtype;
  readonly shape: readonly number[];
  readonly headerBytes: number;
}

/** The third byte of the file: which element type. */
const DTYPE_OF_CODE: ReadonlyMap<number, IdxDtype> = new Map([
  [0x08, 'uint8'],
  [0x09, 'int8'],
  [0x0b, 'int16'],
  [0x0c, 'int32'],
  [0x0d, 'float32'],
  [0x0e, 'float64'],
]);

function readHeader(file: Uint8Array): Layout {
  const [zero0, zero1, code, rank] = file;
  if (zero0 === undefined || zero1 === undefined || code === undefined || rank === undefined) {
    throw wrongBytes(
      DECODE_IDX,
      `must hold at least the 4 bytes of an IDX header, got ${file.length} (truncated)`,
      file,
    );
  }
  if (zero0 !== 0 || zero1 !== 0) {
    const got = `${hex(zero0)} ${hex(zero1)}`;
    throw wrongBytes(DECODE_IDX, `must begin with 00 00 (IDX) or 1f 8b (gzip), got ${got} (not an IDX file)`, file);
  }
  const dtype = DTYPE_OF_CODE.get(code);
  if (dtype === undefined) {
    const known = [...DTYPE_OF_CODE].map(([value, name]) => `${hex(value)} ${name}`).join(', ');
    throw wrongBytes(DECODE_IDX, `must have a known element type in its third byte (${known}), got ${hex(code)}`, file);
  }
  if (rank === 0) throw wrongBytes(DECODE_IDX, 'must declare at least one dimension, got 0', file);
  const headerBytes = 4 + 4 * rank;
  if (file.length < headerBytes) {
    throw wrongBytes(
      DECODE_IDX,
      `must hold the ${headerBytes} bytes of a header with ${rank} dimensions, got ${file.length} (truncated)`,
      file,
    );
  }
  return { dtype, shape: readShape(file, rank), headerBytes };
}

function readShape(file: Uint8Array, rank: number): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  if (shape.includes(0))
    throw wrongBytes(DECODE_IDX, `must have no dimension of size 0, got shape [${shape.join(', ')}]`, file);
  return shape;
}

/** What {@link idxDataset} is made from. */
export interface IdxDatasetSource {
  /** The images, of shape `[size, ...]`: integers from 0 to 255 (bytes), or floats in input units. */
  readonly images: IdxArray;
  /** The classes, whole numbers of shape `[size]` or one-hot rows. */
  readonly labels: IdxArray;
  /**
   * Shape of one input.
   *
   * @defaultValue the shape of one image; `[height, width]` becomes `[height, width, 1]`, as convolutions need a
   * channel
   */
  readonly shape?: readonly number[] | undefined;
  /**
   * The range that bytes fill, in input units; float images must lie in it, if it is given.
   *
   * @defaultValue [0, 1] for bytes; float values are not looked at
   */
  readonly inputRange?: InputRange | undefined;
}

const idxArray = decodedField<IdxArray>('must be an IDX array (decodeIdx makes one)');

const idxDatasetSource = optionsOf<IdxDatasetSource>()({
  images: idxArray,
  labels: idxArray,
  shape: fields.optional(fields.shape),
  inputRange: fields.optional(byteRange),
});

/**
 * Makes a data set of two decoded IDX files, images and labels.
 *
 * @throws DataError if an element type is unsuitable or sizes do not fit together.
 * @throws OptionError if a field is missing, misspelt or of the wrong type.
 * @example
 * ```ts
 * const testSet = idxDataset({ images: await decodeIdx(imageBytes), labels: await decodeIdx(labelBytes) });
 * ```
 */
export function idxDataset(source: IdxDatasetSource): LabelledDataset {
  const { shape, inputRange, ...arrays } = idxDatasetSource.parse('idxDataset', source);
  const joined = imagesAndLabels('idxDataset', arrays);
  return makeDataset('idxDataset', { ...joined, shape: shape ?? joined.shape, inputRange });
}
