import type { TensorInfo } from '@tensorflow/tfjs';
import type { WasmBackend } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import { TILE_ROWS } from './multiply.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** A table of rows for {@link multiplyFunction}. @internal */
export interface RowTable {
  /** Int32 pairs on the heap; the caller's to release. */
  readonly tensor: TensorInfo;
  readonly tiles: number;
}

/**
 * Writes where rows begin in A and in C (offsets in floats), filled up to whole tiles with rows that read the start of A and write
 * to `filler`, a place in C that nobody reads.
 *
 * @internal
 */
export function rowTable(
  backend: WasmBackend,
  inA: readonly number[],
  inC: readonly number[],
  filler: number,
): RowTable {
  const tiles = Math.ceil(inA.length / TILE_ROWS);
  const tensor = backend.makeOutput([tiles * TILE_ROWS, 2], 'int32');
  const entries = backend.typedArrayFromHeap(tensor);
  for (let i = 0; i < tiles * TILE_ROWS; i++) {
    entries[2 * i] = BYTES * (inA[i] ?? 0);
    entries[2 * i + 1] = BYTES * (inC[i] ?? filler);
  }
  return { tensor, tiles };
}

/** Where the entries of a patch lie in an input of the given width, counted from the patch's first. @internal */
export function patchOffsets(geometry: ConvGeometry, width: number): number[] {
  const { filterHeight, filterWidth, inChannels } = geometry;
  const rows = Array.from({ length: filterHeight }, (_, y) => y * width * inChannels);
  const runs = Array.from({ length: filterWidth * inChannels }, (_, i) => i);
  return rows.flatMap((row) => runs.map((i) => row + i));
}

/** Where the patches of one image begin in an input of the given width. @internal */
export function patchStarts(geometry: ConvGeometry, width: number): number[] {
  const { outHeight, outWidth, strideHeight, strideWidth, inChannels } = geometry;
  const rows = Array.from({ length: outHeight }, (_, y) => y * strideHeight * width * inChannels);
  const columns = Array.from({ length: outWidth }, (_, x) => x * strideWidth * inChannels);
  return rows.flatMap((row) => columns.map((column) => row + column));
}
