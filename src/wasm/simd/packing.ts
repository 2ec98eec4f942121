import type { TensorInfo } from '@tensorflow/tfjs';
import { allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import { type ConvGeometry, reachOf } from '../kernels/conv-geometry.ts';
import { runKernel } from '../kernels/kernel.ts';
import { TILE_COLUMNS, TILE_ROWS } from './tile.ts';

/** The next multiple of 4: the SIMD loops work on four floats at a time. @internal */
export function upToFour(count: number): number {
  return Math.ceil(count / 4) * 4;
}

/** Height and width of the padded input, never less than what the filter reaches. @internal */
export function paddedSize(geometry: ConvGeometry): { height: number; width: number } {
  const { inHeight, inWidth, padInfo } = geometry;
  const reach = reachOf(geometry);
  return {
    height: Math.max(inHeight + padInfo.top + padInfo.bottom, reach.height),
    width: Math.max(inWidth + padInfo.left + padInfo.right, reach.width),
  };
}

/** Calls `use` with x surrounded by the zeros of the convolution's padding; x itself, where there are none. @internal */
export function withPaddedInput<T>(
  backend: WasmBackend,
  x: TensorInfo,
  geometry: ConvGeometry,
  use: (padded: TensorInfo) => T,
): T {
  const { batchSize, inHeight, inWidth, inChannels, padInfo } = geometry;
  const { height, width } = paddedSize(geometry);
  if (height === inHeight && width === inWidth) return use(x);
  const padded = allocate(backend, [batchSize, height, width, inChannels]);
  const to = floatsOf(backend, padded).fill(0);
  const from = floatsOf(backend, x);
  const row = inWidth * inChannels;
  // Row by row: the backend's own kernel finds the place of each element, which takes longer.
  for (let image = 0; image < batchSize; image++) {
    for (let y = 0; y < inHeight; y++) {
      const start = (image * inHeight + y) * row;
      const target = ((image * height + y + padInfo.top) * width + padInfo.left) * inChannels;
      to.set(from.subarray(start, start + row), target);
    }
  }
  const result = use(padded);
  release(backend, padded);
  return result;
}

/** Calls `use` with a tensor whose last axis is filled up with zeros to a multiple of 4. @internal */
export function withPaddedChannels<T>(backend: WasmBackend, tensor: TensorInfo, use: (padded: TensorInfo) => T): T {
  const channels = tensor.shape.at(-1)!;
  if (channels % 4 === 0) return use(tensor);
  const paddings = tensor.shape.map((_, axis) => [
    0,
    axis === tensor.shape.length - 1 ? upToFour(channels) - channels : 0,
  ]);
  const padded = runKernel(backend, 'PadV2', { x: tensor }, { paddings, constantValue: 0 });
  const result = use(padded);
  release(backend, padded);
  return result;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** A table of rows for multiply.as. */
interface RowTable {
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

/** A matrix on the heap by its steps from row to row and from column to column (in floats). @internal */
export interface MatrixView {
  readonly tensor: TensorInfo;
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/**
 * Copies a matrix, panel by panel: 8 columns side by side (the last panel 8 or 4), zeros for columns that it does not have.
 *
 * The product reads it from the first float to the last. Read in place, with a power of two between its rows, all of them would
 * fall on the same few lines of the cache.
 *
 * @internal
 */
export function packColumns(backend: WasmBackend, matrix: MatrixView): TensorInfo {
  const { rows, columns, rowStep, columnStep } = matrix;
  const filled = upToFour(columns);
  const packed = allocate(backend, [rows * filled]);
  const to = floatsOf(backend, packed).fill(0);
  const from = floatsOf(backend, matrix.tensor);
  for (let first = 0; first < columns; first += TILE_COLUMNS) {
    const width = Math.min(TILE_COLUMNS, filled - first);
    const used = Math.min(width, columns - first);
    for (let row = 0; row < rows; row++) {
      const target = first * rows + row * width;
      const source = row * rowStep + first * columnStep;
      for (let i = 0; i < used; i++) to[target + i] = from[source + i * columnStep]!;
    }
  }
  return packed;
}
