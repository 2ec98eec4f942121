import type { IdxArray, IdxArrayOf } from './idx-types.ts';

/**
 * What an NPY file holds: the element types of {@link IdxArray}, and two that IDX lacks.
 *
 * `int64` values are doubles: the decoder refuses what a double cannot hold. `bool` values are bytes, 0 or 1.
 */
export type NpyArray = IdxArray | IdxArrayOf<'int64', Float64Array> | IdxArrayOf<'bool', Uint8Array>;

/** The element types of an NPY file that can be decoded. */
export type NpyDtype = NpyArray['dtype'];
