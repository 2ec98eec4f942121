import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import type { Simd } from './instance.ts';
import { TABLE_ENTRY, TILE_ROWS } from './tile.ts';
import { paddedSize, patchStarts, rowTable, upToFour } from './packing.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Tiles of output positions done at a time, for all channels: the input rows that they share stay in the cache. */
const TILES_AT_A_TIME = 32;

/**
 * `y[p, i·m + j] = bias[i·m + j] + Σ_t x[p + t, i] · W[t, i, j]` for the channels i and the multipliers j < m: a product with a row
 * for each output position, a column for each output channel and a term for each entry of the filter, in which every column has
 * its own neighbour in the input.
 *
 * One image is done at a time, in a copy with the zeros of the padding, each channel m times and their number filled up to a
 * multiple of 4; in place where that changes nothing.
 *
 * @internal
 */
export function depthwiseSimd(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  filter: TensorInfo,
  bias: TensorInfo | undefined,
  geometry: ConvGeometry,
): TensorInfo {
  const { batchSize, outChannels, outShape, filterHeight, filterWidth, dilationHeight, dilationWidth } = geometry;
  const { height, width } = paddedSize(geometry);
  const columns = upToFour(outChannels);
  const weights = filledRows(backend, filter, filterHeight * filterWidth, outChannels);
  const isCopied = height !== geometry.inHeight || width !== geometry.inWidth || columns !== geometry.inChannels;
  const copy = allocate(backend, [isCopied ? height * width * columns : 0]);
  floatsOf(backend, copy).fill(0);
  const starts = patchStarts({ ...geometry, inChannels: columns }, width);
  const size = starts.length * outChannels;
  const image = allocate(backend, [size + 2 * columns]);
  const table = rowTable(
    backend,
    starts.length,
    (i) => starts[i]!,
    (i) => i * outChannels,
    size + columns,
  );
  const y = allocate(backend, outShape);
  for (let i = 0; i < batchSize; i++) {
    if (isCopied) copyImage(floatsOf(backend, copy), floatsOf(backend, x), geometry, width, i);
    const sums = floatsOf(backend, image).fill(0);
    if (bias !== undefined) fillRows(sums.subarray(0, size), floatsOf(backend, bias));
    for (let tile = 0; tile < table.tiles; tile += TILES_AT_A_TIME) {
      simd.multiply({
        factor: 'neighbours',
        table: addressOf(backend, table.tensor) + TABLE_ENTRY * TILE_ROWS * tile,
        tiles: Math.min(TILES_AT_A_TIME, table.tiles - tile),
        a: isCopied ? addressOf(backend, copy) : addressOf(backend, x) + BYTES * i * height * width * columns,
        aStep: BYTES * dilationWidth * columns,
        aJump: BYTES * (dilationHeight * width - filterWidth * dilationWidth) * columns,
        b: addressOf(backend, weights),
        bStep: BYTES * columns,
        inner: filterWidth,
        outer: filterHeight,
        c: addressOf(backend, image),
        columns: outChannels,
      });
    }
    floatsOf(backend, y).set(sums.subarray(0, size), i * size);
  }
  for (const scratch of [weights, copy, image, table.tensor]) release(backend, scratch);
  return y;
}

/** A matrix whose rows are filled up with zeros to a multiple of 4. */
function filledRows(backend: WasmBackend, matrix: TensorInfo, rows: number, columns: number): TensorInfo {
  const filled = upToFour(columns);
  const result = allocate(backend, [rows, filled]);
  const to = floatsOf(backend, result).fill(0);
  const from = floatsOf(backend, matrix);
  for (let row = 0; row < rows; row++) to.set(from.subarray(row * columns, (row + 1) * columns), row * filled);
  return result;
}

/** Writes one row again and again. */
function fillRows(to: Float32Array, row: Float32Array): void {
  to.set(row.subarray(0, to.length));
  for (let done = row.length; done > 0 && done < to.length; done *= 2) {
    to.copyWithin(done, 0, Math.min(done, to.length - done));
  }
}

/** Copies one image into its padding, each channel as often as the multiplier says. */
function copyImage(to: Float32Array, x: Float32Array, geometry: ConvGeometry, width: number, index: number): void {
  const { inHeight, inWidth, inChannels, outChannels, padInfo } = geometry;
  const columns = upToFour(outChannels);
  const multiplier = outChannels / inChannels;
  for (let row = 0; row < inHeight; row++) {
    let from = (index * inHeight + row) * inWidth * inChannels;
    let at = ((row + padInfo.top) * width + padInfo.left) * columns;
    if (columns === inChannels) {
      to.set(x.subarray(from, from + inWidth * inChannels), at);
      continue;
    }
    for (let column = 0; column < inWidth; column++, at += columns) {
      for (let channel = 0; channel < outChannels; channel += multiplier, from++) {
        for (let j = 0; j < multiplier; j++) to[at + channel + j] = x[from]!;
      }
    }
  }
}
