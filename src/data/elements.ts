import { showValue } from '../errors.ts';
import { wrongField } from './array-dataset.ts';
import { showText, wrongBytes } from './file-bytes.ts';
import type { IdxArray, IdxDtype } from './idx.ts';
import type { NpyArray, NpyDtype } from './npy-header.ts';

const IS_LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** How the elements of a file lie in its bytes. */
interface ElementLayout {
  readonly dtype: IdxDtype;
  readonly shape: readonly number[];
  readonly littleEndian: boolean;
}

/** Bytes that one element takes. @internal */
export const BYTES_PER_ELEMENT: Readonly<Record<IdxDtype, number>> = {
  uint8: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  float32: 4,
  float64: 8,
};

/** Copies elements out of a file, bit for bit: NaN payloads stay as they are. @internal */
export function toTypedArray(elements: Uint8Array, { dtype, shape, littleEndian }: ElementLayout): IdxArray {
  const copy = new Uint8Array(elements);
  const width = BYTES_PER_ELEMENT[dtype];
  if (width > 1 && littleEndian !== IS_LITTLE_ENDIAN) reverseElements(copy, width);
  const { buffer } = copy;
  switch (dtype) {
    case 'uint8':
      return { dtype, shape, data: copy };
    case 'int8':
      return { dtype, shape, data: new Int8Array(buffer) };
    case 'int16':
      return { dtype, shape, data: new Int16Array(buffer) };
    case 'int32':
      return { dtype, shape, data: new Int32Array(buffer) };
    case 'float32':
      return { dtype, shape, data: new Float32Array(buffer) };
    case 'float64':
      return { dtype, shape, data: new Float64Array(buffer) };
  }
}

/** Copies the elements of an array into little-endian bytes. */
function toLittleEndian(data: IdxArray['data'] | BigInt64Array): Uint8Array {
  const copy = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (!IS_LITTLE_ENDIAN) reverseElements(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

/** Number of elements; a product that double arithmetic rounds is far above the size of any file. @internal */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function reverseElements(bytes: Uint8Array, width: number): void {
  for (let begin = 0; begin + width <= bytes.length; begin += width) {
    for (let i = begin, j = begin + width - 1; i < j; i++, j--) {
      const byte = bytes[i] as number;
      bytes[i] = bytes[j] as number;
      bytes[j] = byte;
    }
  }
}

/** How the elements of an array lie in its bytes. */
interface NpyElementLayout {
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  readonly littleEndian: boolean;
}

/** Bytes that one element takes in a file. @internal */
export function bytesPerElement(dtype: NpyDtype): number {
  return dtype === 'int64' ? 8 : dtype === 'bool' ? 1 : BYTES_PER_ELEMENT[dtype];
}

/** Copies row-major elements out of a file; `where` ends the text of an error about one of them. @internal */
export function decodeElements(
  call: string,
  elements: Uint8Array,
  { dtype, shape, littleEndian }: NpyElementLayout,
  where = '',
): NpyArray {
  if (dtype === 'int64') return { dtype, shape, data: safeIntegers(call, elements, littleEndian, where) };
  if (dtype === 'bool') return { dtype, shape, data: truthValues(call, elements, where) };
  return toTypedArray(elements, { dtype, shape, littleEndian });
}

function safeIntegers(call: string, elements: Uint8Array, littleEndian: boolean, where: string): Float64Array {
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  const [low, high] = littleEndian ? [0, 4] : [4, 0];
  return Float64Array.from({ length: elements.length / 8 }, (_, i) => {
    // Exact below 2^53 in size; beyond it the sum may round, but never to below.
    const value = view.getInt32(8 * i + high, littleEndian) * 2 ** 32 + view.getUint32(8 * i + low, littleEndian);
    if (Number.isSafeInteger(value)) return value;
    throw wrongBytes(call, `must hold integers below 2^53 in size, got about ${value} at element ${i}${where}`, value);
  });
}

function truthValues(call: string, elements: Uint8Array, where: string): Uint8Array {
  const wrong = elements.findIndex((byte) => byte > 1);
  if (wrong < 0) return new Uint8Array(elements);
  const must = `must hold 0 or 1 for each bool, got ${elements[wrong]} at element ${wrong}${where}`;
  throw wrongBytes(call, must, elements[wrong]);
}

/** Where an array was given, for errors. */
interface ArrayPlace {
  readonly call: string;
  readonly field: string;
  /** Name of the array among others. */
  readonly name?: string;
}

type Values = NpyArray['data'];

const VALUES: Readonly<Record<NpyDtype, new (length: number) => Values>> = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: Float64Array,
  float32: Float32Array,
  float64: Float64Array,
};

/**
 * The values of an array as little-endian bytes, row major: what NPY and safetensors hold.
 *
 * @param leastSize - the smallest dimension that the format can hold
 * @throws DataError if element type, shape and values do not fit together
 * @internal
 */
export function arrayBytes(place: ArrayPlace, array: NpyArray, leastSize: 0 | 1): Uint8Array {
  const { dtype, data } = checkedArray(place, array, leastSize);
  if (dtype === 'int64') return toLittleEndian(BigInt64Array.from(data, BigInt));
  return toLittleEndian(data);
}

function checkedArray(place: ArrayPlace, array: NpyArray, leastSize: 0 | 1): NpyArray {
  const of = place.name === undefined ? '' : ` for ${showText(place.name)}`;
  const wrong = (must: string, got: string): Error => wrongField(place.call, place.field, must, array, `${got}${of}`);
  const given: unknown = array;
  if (typeof given !== 'object' || given === null) throw wrong('must be { dtype, shape, data }', showValue(given));
  const { dtype, shape, data } = array;
  if (!Object.hasOwn(VALUES, dtype)) {
    throw wrong(`must have an element type of ${Object.keys(VALUES).join(', ')}`, showValue(dtype));
  }
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= leastSize)) {
    throw wrong(`must have a shape of integers of at least ${leastSize}`, showValue(shape));
  }
  const values = VALUES[dtype];
  if (!(data instanceof values)) throw wrong(`must have a ${values.name} as data of ${dtype}`, showValue(data));
  if (data.length !== elementCount(shape)) {
    throw wrong(`must have ${elementCount(shape)} values for shape [${shape.join(', ')}]`, String(data.length));
  }
  const bad = firstUnfit(dtype, data);
  if (bad >= 0) throw wrong(`must hold values that ${dtype} can hold`, `${data[bad]} at element ${bad}`);
  return array;
}

/** Index of the first value that the typed array holds and the element type does not; -1 if there is none. */
function firstUnfit(dtype: NpyDtype, data: Values): number {
  if (dtype === 'bool') return data.findIndex((value) => value > 1);
  if (dtype === 'int64') return data.findIndex((value) => !Number.isSafeInteger(value));
  return -1;
}
