import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, release, type WasmBackend } from '../backend.ts';
import { type ConvGeometry, reachOf } from '../kernels/conv-geometry.ts';
import { runKernel } from '../kernels/kernel.ts';
import type { Simd } from './instance.ts';
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
  simd: Simd,
  x: TensorInfo,
  geometry: ConvGeometry,
  use: (padded: TensorInfo) => T,
): T {
  const { batchSize, inHeight, inWidth, inChannels, padInfo } = geometry;
  const { height, width } = paddedSize(geometry);
  if (height === inHeight && width === inWidth) return use(x);
  const padded = allocate(backend, [batchSize, height, width, inChannels]);
  const [row, toRow] = [inWidth * inChannels, width * inChannels];
  const [from, to] = [addressOf(backend, x), addressOf(backend, padded)];
  simd.pad(from, batchSize, inHeight, row, to, height, toRow, padInfo.top, padInfo.left * inChannels);
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
 * Writes where rows begin in A and in C (offsets in floats), filled up to whole tiles: with the last row once more, or, for products that
 * are added, with rows that read the start of A and write to `filler`, a place in C that nobody reads.
 *
 * @internal
 */
export function rowTable(
  backend: WasmBackend,
  rows: number,
  inA: (row: number) => number,
  inC: (row: number) => number,
  filler?: number,
): RowTable {
  const tiles = Math.ceil(rows / TILE_ROWS);
  const tensor = backend.makeOutput([tiles * TILE_ROWS, 2], 'int32');
  const entries = backend.typedArrayFromHeap(tensor);
  for (let i = 0; i < tiles * TILE_ROWS; i++) {
    const row = Math.min(i, rows - 1);
    const isFiller = filler !== undefined && i >= rows;
    entries[2 * i] = BYTES * (isFiller ? 0 : inA(row));
    entries[2 * i + 1] = BYTES * (isFiller ? filler : inC(row));
  }
  return { tensor, tiles };
}

/** Where the entries of a patch lie in an input of the given width, counted from the patch's first. @internal */
export function patchOffsets({ filterHeight, filterWidth, inChannels }: ConvGeometry, width: number): Int32Array {
  const run = filterWidth * inChannels;
  return Int32Array.from(
    { length: filterHeight * run },
    (_, i) => Math.floor(i / run) * width * inChannels + (i % run),
  );
}

/** Where the patches of one image begin in an input of the given width. @internal */
export function patchStarts(geometry: ConvGeometry, width: number): Int32Array {
  const { outHeight, outWidth, strideHeight, strideWidth, inChannels } = geometry;
  const starts = new Int32Array(outHeight * outWidth);
  for (let y = 0, i = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++, i++) starts[i] = (y * strideHeight * width + x * strideWidth) * inChannels;
  }
  return starts;
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
 * Copies a matrix, panel by panel: 8 columns side by side (the last panel 8 or 4). Rows or columns must be neighbours.
 *
 * @internal
 */
export function packPanels(backend: WasmBackend, simd: Simd, matrix: MatrixView): TensorInfo {
  const packed = allocate(backend, [matrix.rows * upToFour(matrix.columns)]);
  packInto(simd, addressOf(backend, matrix.tensor), matrix, TILE_COLUMNS, addressOf(backend, packed));
  return packed;
}

/** The same for a matrix, or a part of one, that begins at an address, to another; with panels of 8, or all of 4. @internal */
export function packInto(
  simd: Simd,
  from: number,
  { rows, columns, rowStep, columnStep }: Omit<MatrixView, 'tensor'>,
  panel: 4 | 8,
  to: number,
): void {
  const filled = upToFour(columns);
  for (let first = 0; first < columns; first += panel) {
    const width = Math.min(panel, filled - first);
    const target = to + BYTES * first * rows;
    if (columnStep === 1) {
      simd.packRows(from + BYTES * first, BYTES * rowStep, rows, width, target);
      continue;
    }
    for (let four = first; four < Math.min(first + width, columns); four += 4) {
      const start = from + BYTES * four * columnStep;
      const last = Math.min(3, columns - 1 - four);
      simd.packColumns(start, BYTES * columnStep, last, rows, BYTES * width, target + BYTES * (four - first));
    }
  }
}
