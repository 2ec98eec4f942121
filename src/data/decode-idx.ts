import { DataError, showValue } from '../errors.ts';
import { decodeIdxOptions } from '../options/decode-idx-options.ts';
import { parseOptions } from '../options/parse.ts';
import { gunzip, isGzip } from './gunzip.ts';
import type { IdxArray, IdxDtype } from './idx-types.ts';

const CALL = 'decodeIdx';

/** Options of {@link decodeIdx}. */
export interface DecodeIdxOptions {
  /**
   * Most bytes that a gzip file may unpack to. It stops a small hostile file from filling the memory.
   *
   * @defaultValue 2^30 (1 GiB; the training images of MNIST unpack to 47 MB)
   */
  readonly maxBytes?: number | undefined;
}

interface Layout {
  readonly dtype: IdxDtype;
  readonly shape: readonly number[];
  readonly headerBytes: number;
  readonly count: number;
}

const BYTES_PER_ELEMENT: Readonly<Record<IdxDtype, number>> = {
  uint8: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  float32: 4,
  float64: 8,
};

/** The third byte of the file: which element type. */
const DTYPE_OF_CODE: ReadonlyMap<number, IdxDtype> = new Map([
  [0x08, 'uint8'],
  [0x09, 'int8'],
  [0x0b, 'int16'],
  [0x0c, 'int32'],
  [0x0d, 'float32'],
  [0x0e, 'float64'],
]);

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
  const { maxBytes = 2 ** 30 } = parseOptions(CALL, decodeIdxOptions, options);
  const file = asBytes(bytes);
  return decodePlain(isGzip(file) ? await gunzip(CALL, file, maxBytes) : file);
}

function asBytes(bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw wrong(`must be a Uint8Array or an ArrayBuffer, got ${showValue(bytes)}`, bytes);
}

function decodePlain(file: Uint8Array): IdxArray {
  const layout = readHeader(file);
  const declared = layout.headerBytes + layout.count * BYTES_PER_ELEMENT[layout.dtype];
  if (file.length !== declared) {
    const what = file.length < declared ? 'truncated' : 'bytes are left over';
    throw wrong(
      `must hold the ${declared} bytes that its header declares (${layout.dtype} of shape [${layout.shape.join(', ')}]), ` +
        `got ${file.length} (${what})`,
      file,
    );
  }
  return readValues(file, layout);
}

function readHeader(file: Uint8Array): Layout {
  const [zero0, zero1, code, rank] = file;
  if (zero0 === undefined || zero1 === undefined || code === undefined || rank === undefined) {
    throw wrong(`must hold at least the 4 bytes of an IDX header, got ${file.length} (truncated)`, file);
  }
  if (zero0 !== 0 || zero1 !== 0) {
    const got = `${hex(zero0)} ${hex(zero1)}`;
    throw wrong(`must begin with 00 00 (IDX) or 1f 8b (gzip), got ${got} (not an IDX file)`, file);
  }
  const dtype = DTYPE_OF_CODE.get(code);
  if (dtype === undefined) {
    const known = [...DTYPE_OF_CODE].map(([value, name]) => `${hex(value)} ${name}`).join(', ');
    throw wrong(`must have a known element type in its third byte (${known}), got ${hex(code)}`, file);
  }
  if (rank === 0) throw wrong('must declare at least one dimension, got 0', file);
  const headerBytes = 4 + 4 * rank;
  if (file.length < headerBytes) {
    throw wrong(
      `must hold the ${headerBytes} bytes of a header with ${rank} dimensions, got ${file.length} (truncated)`,
      file,
    );
  }
  const shape = readShape(file, rank);
  // A product of up to 255 numbers below 2^32 can round or become Infinity, but then it is far above any file's size.
  return { dtype, shape, headerBytes, count: shape.reduce((product, size) => product * size, 1) };
}

function readShape(file: Uint8Array, rank: number): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  if (shape.includes(0)) throw wrong(`must have no dimension of size 0, got shape [${shape.join(', ')}]`, file);
  return shape;
}

function readValues(file: Uint8Array, { dtype, shape, headerBytes, count }: Layout): IdxArray {
  const view = new DataView(file.buffer, file.byteOffset + headerBytes);
  const filled = <T extends { [index: number]: number }>(data: T, read: (offset: number) => number): T => {
    const width = BYTES_PER_ELEMENT[dtype];
    for (let i = 0; i < count; i++) data[i] = read(i * width);
    return data;
  };
  switch (dtype) {
    case 'uint8':
      return { dtype, shape, data: new Uint8Array(file.subarray(headerBytes)) };
    case 'int8':
      return { dtype, shape, data: new Int8Array(file.subarray(headerBytes)) };
    case 'int16':
      return { dtype, shape, data: filled(new Int16Array(count), (offset) => view.getInt16(offset)) };
    case 'int32':
      return { dtype, shape, data: filled(new Int32Array(count), (offset) => view.getInt32(offset)) };
    case 'float32':
      return { dtype, shape, data: filled(new Float32Array(count), (offset) => view.getFloat32(offset)) };
    case 'float64':
      return { dtype, shape, data: filled(new Float64Array(count), (offset) => view.getFloat64(offset)) };
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function wrong(must: string, value: unknown): DataError {
  return new DataError(`\`bytes\` ${must}`, { call: CALL, field: 'bytes', value });
}
