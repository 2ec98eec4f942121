import * as fields from '../options/fields.ts';

/** An array of one element type, as a file holds it. */
export interface IdxArrayOf<Dtype extends string, Values> {
  /** Element type. */
  readonly dtype: Dtype;
  /** Dimensions, outermost first; every one is at least 1. */
  readonly shape: readonly number[];
  /** The values, row major, in the byte order of this machine. */
  readonly data: Values;
}

/**
 * What an IDX file holds: a shape, an element type and the values.
 *
 * A union over `dtype`, so that testing `dtype` tells TypeScript which typed array `data` is.
 */
export type IdxArray =
  | IdxArrayOf<'uint8', Uint8Array>
  | IdxArrayOf<'int8', Int8Array>
  | IdxArrayOf<'int16', Int16Array>
  | IdxArrayOf<'int32', Int32Array>
  | IdxArrayOf<'float32', Float32Array>
  | IdxArrayOf<'float64', Float64Array>;

/** The element types that an IDX file can have. */
export type IdxDtype = IdxArray['dtype'];

/**
 * What an NPY file holds: the element types of {@link IdxArray}, and those that IDX lacks.
 *
 * `int64` and `uint64` values are doubles: the decoders refuse what a double cannot hold. `bool` values are bytes, 0 or 1.
 */
export type NpyArray =
  | IdxArray
  | IdxArrayOf<'uint16', Uint16Array>
  | IdxArrayOf<'uint32', Uint32Array>
  | IdxArrayOf<'int64' | 'uint64', Float64Array>
  | IdxArrayOf<'bool', Uint8Array>;

/** The element types of an NPY file that can be decoded. */
export type NpyDtype = NpyArray['dtype'];

/** Bytes that one element takes in a file. @internal */
export const BYTES_PER_ELEMENT: Readonly<Record<NpyDtype, number>> = {
  bool: 1,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  float32: 4,
  float64: 8,
};

/** Number of elements; a product that double arithmetic rounds is far above the size of any file. @internal */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Element type and shape of an array, for an error. @internal */
export function showArrayType({ dtype, shape }: { readonly dtype: string; readonly shape: readonly number[] }): string {
  return `${dtype} of shape [${shape.join(', ')}]`;
}

/** Whether a value has the form of a decoded file. @internal */
export function isDecoded(value: unknown): value is NpyArray {
  if (typeof value !== 'object' || value === null) return false;
  const { dtype, shape, data } = value as Record<string, unknown>;
  const isNumbers = ArrayBuffer.isView(data) && 'length' in data && typeof (data as NpyArray['data'])[0] !== 'bigint';
  return typeof dtype === 'string' && Array.isArray(shape) && isNumbers;
}

/** The check of an option that is a decoded file, as type T. @internal */
export function decodedField<T extends NpyArray>(must: string): fields.Field<T> {
  return fields.field<T>(must, isDecoded);
}
