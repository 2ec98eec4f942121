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
