import { showValue } from '../errors.ts';
import { elementCount, toLittleEndian } from './element-bytes.ts';
import { showText } from './file-bytes.ts';
import { wrongField } from './make-dataset.ts';
import type { NpyArray, NpyDtype } from './npy-types.ts';

/** Where an array was given, for errors. @internal */
export interface ArrayPlace {
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
