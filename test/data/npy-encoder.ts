import type { NpyArray, NpyDtype } from '../../src/data/arrays.ts';

/** How {@link encodeNpy} writes a file. */
export interface NpyLayout {
  readonly littleEndian?: boolean;
  readonly fortranOrder?: boolean;
  readonly version?: 1 | 2 | 3;
}

const CODES: Readonly<Record<NpyDtype, string>> = {
  bool: 'b1',
  uint8: 'u1',
  int8: 'i1',
  int16: 'i2',
  int32: 'i4',
  int64: 'i8',
  uint16: 'u2',
  uint32: 'u4',
  uint64: 'u8',
  float32: 'f4',
  float64: 'f8',
};

/** A file with this dictionary and these bytes after it; the header is padded to 64 bytes, as NumPy does. */
export function npyFile(dictionary: string, body: ArrayLike<number> = [], version: 1 | 2 | 3 = 1): Uint8Array {
  const fixed = version === 1 ? 10 : 12;
  const length = Math.ceil((fixed + dictionary.length + 1) / 64) * 64 - fixed;
  const text = `${dictionary.padEnd(length - 1)}\n`;
  const size = version === 1 ? [length & 255, length >> 8] : [length & 255, (length >> 8) & 255, length >> 16, 0];
  const header = [0x93, ...'NUMPY'].map((c) => (typeof c === 'string' ? c.charCodeAt(0) : c));
  const characters = Array.from(text, (c) => c.charCodeAt(0));
  return Uint8Array.from([...header, version, 0, ...size, ...characters, ...Array.from(body)]);
}

/** The slow, obvious encoder: every element by its indices through a DataView. */
export function encodeNpy(array: NpyArray, layout: NpyLayout = {}): Uint8Array {
  const { littleEndian = true, fortranOrder = false, version = 1 } = layout;
  const { dtype, shape } = array;
  const width = Number(CODES[dtype].slice(1));
  const order = width === 1 ? '|' : littleEndian ? '<' : '>';
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary =
    `{'descr': '${order}${CODES[dtype]}', ` +
    `'fortran_order': ${fortranOrder ? 'True' : 'False'}, 'shape': ${tuple}, }`;
  const body = new Uint8Array(array.data.length * width);
  const view = new DataView(body.buffer);
  array.data.forEach((value, i) => {
    const place = fortranOrder ? columnMajorPlace(i, shape) : i;
    setElement(view, place * width, dtype, value, littleEndian);
  });
  return npyFile(dictionary, body, version);
}

function setElement(view: DataView, at: number, dtype: NpyDtype, value: number, littleEndian: boolean): void {
  if (dtype === 'bool' || dtype === 'uint8') view.setUint8(at, value);
  else if (dtype === 'int8') view.setInt8(at, value);
  else if (dtype === 'int16') view.setInt16(at, value, littleEndian);
  else if (dtype === 'int32') view.setInt32(at, value, littleEndian);
  else if (dtype === 'uint16') view.setUint16(at, value, littleEndian);
  else if (dtype === 'uint32') view.setUint32(at, value, littleEndian);
  else if (dtype === 'uint64') view.setBigUint64(at, BigInt(value), littleEndian);
  else if (dtype === 'int64') view.setBigInt64(at, BigInt(value), littleEndian);
  else if (dtype === 'float32') view.setFloat32(at, value, littleEndian);
  else view.setFloat64(at, value, littleEndian);
}

/** Where the element of row-major place i stands in column-major order: through its indices. */
function columnMajorPlace(i: number, shape: readonly number[]): number {
  let rest = i;
  const indices = shape.map((_, axis) => {
    const below = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const index = Math.floor(rest / below);
    rest %= below;
    return index;
  });
  return indices.reduce(
    (place, index, axis) => place + index * shape.slice(0, axis).reduce((product, size) => product * size, 1),
    0,
  );
}
