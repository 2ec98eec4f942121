import { DataError, refusal, showValue } from '../errors.ts';
import {
  BYTES_PER_ELEMENT,
  elementCount,
  type IdxArray,
  type IdxDtype,
  type NpyArray,
  type NpyDtype,
} from './arrays.ts';
import { showText, wrongBytes } from './file-bytes.ts';
import { type HalfFloat, widenHalves } from './half-floats.ts';

/** An element type of a file: one that arrays have, or a half, which becomes float32. @internal */
export type StoredType = NpyDtype | HalfFloat;

/** Bytes that one element of a file takes. @internal */
export function storedBytes(stored: StoredType): number {
  return stored === 'float16' || stored === 'bfloat16' ? 2 : BYTES_PER_ELEMENT[stored];
}

const IS_LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** How the elements of an array lie in its bytes. */
interface ElementLayout<Dtype extends StoredType> {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly littleEndian: boolean;
}

/** Copies row-major elements out of a file; `where` ends the text of an error about one of them. @internal */
export function decodeElements(
  call: string,
  elements: Uint8Array,
  { dtype, shape, littleEndian }: ElementLayout<StoredType>,
  where = '',
): NpyArray {
  if (dtype === 'float16' || dtype === 'bfloat16') {
    return { dtype: 'float32', shape, data: widenHalves(elements, dtype, littleEndian) };
  }
  if (dtype === 'int64' || dtype === 'uint64') {
    return { dtype, shape, data: safeIntegers(call, elements, { dtype, littleEndian, where }) };
  }
  if (dtype === 'bool') return { dtype, shape, data: truthValues(call, elements, where) };
  return toTypedArray(elements, { dtype, shape, littleEndian });
}

interface Integers {
  readonly dtype: 'int64' | 'uint64';
  readonly littleEndian: boolean;
  readonly where: string;
}

function safeIntegers(call: string, elements: Uint8Array, { dtype, littleEndian, where }: Integers): Float64Array {
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  const [low, high] = littleEndian ? [0, 4] : [4, 0];
  return Float64Array.from({ length: elements.length / 8 }, (_, i) => {
    const upper =
      dtype === 'int64' ? view.getInt32(8 * i + high, littleEndian) : view.getUint32(8 * i + high, littleEndian);
    // Exact below 2^53 in size; beyond it the sum may round, but never to below.
    const value = upper * 2 ** 32 + view.getUint32(8 * i + low, littleEndian);
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

/** Copies elements that a typed array can hold out of a file, bit for bit: NaN payloads stay as they are. @internal */
export function toTypedArray(elements: Uint8Array, layout: ElementLayout<IdxDtype>): IdxArray;
/** @internal */
export function toTypedArray(elements: Uint8Array, layout: ElementLayout<IdxDtype | 'uint16' | 'uint32'>): NpyArray;
export function toTypedArray(
  elements: Uint8Array,
  { dtype, shape, littleEndian }: ElementLayout<IdxDtype | 'uint16' | 'uint32'>,
): NpyArray {
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
    case 'uint16':
      return { dtype, shape, data: new Uint16Array(buffer) };
    case 'uint32':
      return { dtype, shape, data: new Uint32Array(buffer) };
    case 'float32':
      return { dtype, shape, data: new Float32Array(buffer) };
    case 'float64':
      return { dtype, shape, data: new Float64Array(buffer) };
  }
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

/** Where an array was given, for errors. */
interface ArrayPlace {
  readonly call: string;
  readonly field: string;
  /** Name of the array among others. */
  readonly name?: string;
}

/**
 * The values of an array as little-endian bytes, row major: what NPY and safetensors hold.
 *
 * @param leastSize - the smallest dimension that the format can hold
 * @throws DataError if element type, shape and values do not fit together
 * @internal
 */
export function arrayBytes(place: ArrayPlace, array: NpyArray, leastSize: 0 | 1): Uint8Array {
  checkArray(place, array, leastSize);
  const { dtype, data } = array;
  const isWide = dtype === 'int64' || dtype === 'uint64';
  const values = isWide ? BigInt64Array.from(data, BigInt) : data; // below 2^53 both have the same bytes
  const copy = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  if (!IS_LITTLE_ENDIAN) reverseElements(copy, values.BYTES_PER_ELEMENT);
  return copy;
}

type Values = NpyArray['data'];

const VALUES: Readonly<Record<NpyDtype, new (length: number) => Values>> = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: Float64Array,
  float32: Float32Array,
  float64: Float64Array,
};

function checkArray({ call, field, name }: ArrayPlace, array: NpyArray, leastSize: 0 | 1): void {
  const of = name === undefined ? '' : ` for ${showText(name)}`;
  const wrong = (must: string, got: string): DataError =>
    refusal(DataError, { call, field, value: array, got: `${got}${of}` }, must);
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
}

/** Index of the first value that the typed array holds and the element type does not; -1 if there is none. */
function firstUnfit(dtype: NpyDtype, data: Values): number {
  if (dtype === 'bool') return data.findIndex((value) => value > 1);
  if (dtype === 'int64') return data.findIndex((value) => !Number.isSafeInteger(value));
  if (dtype === 'uint64') return data.findIndex((value) => !(Number.isSafeInteger(value) && value >= 0));
  return -1;
}
