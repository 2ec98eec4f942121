import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import { strideOne } from './convolution.ts';
import type { Simd } from './instance.ts';
import { paddedSize, patchOffsets, rowTable, upToFour, withPaddedChannels, withPaddedInput } from './packing.ts';
import { isFilterGradientFaster, winogradFilterGradient } from './winograd-filter.ts';

/** Output positions whose products are summed in registers before they go to memory. */
const POSITIONS_AT_A_TIME = 64;

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * `dW = Σ patch(p)ᵀ · dy(p)` over all output positions p of all images: a product with a row for each entry of a patch, a column
 * for each output channel and a term for each position.
 *
 * An entry of the patch moves through the input as the position does, so patches are never cut out. Some output rows of one image
 * are taken at a time: their inputs stay in the fastest cache.
 *
 * @internal
 */
export function filterGradientSimd(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  dy: TensorInfo,
  geometry: ConvGeometry,
): TensorInfo {
  const shape = strideOne(geometry);
  if (shape !== undefined && isFilterGradientFaster(shape)) {
    const finite = winogradFilterGradient(backend, simd, x, dy, shape);
    if (finite !== undefined) return finite;
  }
  return withPaddedInput(backend, simd, x, geometry, (input) =>
    withPaddedChannels(backend, dy, (gradient) => sumOverPositions(backend, simd, input, gradient, geometry)),
  );
}

function sumOverPositions(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  dy: TensorInfo,
  geometry: ConvGeometry,
): TensorInfo {
  const { batchSize, inChannels, outChannels, outHeight, outWidth, strideHeight, strideWidth, filterShape } = geometry;
  const { height, width } = paddedSize(geometry);
  const columns = upToFour(outChannels);
  const offsets = patchOffsets(geometry, width);
  // One more row than the filter has: the table's fillers write there.
  const sums = allocate(backend, [offsets.length + 1, columns]);
  floatsOf(backend, sums).fill(0);
  const table = rowTable(
    backend,
    offsets.length,
    (i) => offsets[i]!,
    (i) => i * columns,
    offsets.length * columns,
  );

  const step = strideWidth * inChannels;
  const rowsAtATime = Math.ceil(POSITIONS_AT_A_TIME / outWidth);
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row += rowsAtATime) {
      simd.multiply({
        table: addressOf(backend, table.tensor),
        tiles: table.tiles,
        a: addressOf(backend, x) + BYTES * (image * height + row * strideHeight) * width * inChannels,
        aStep: BYTES * step,
        aJump: BYTES * (strideHeight * width * inChannels - outWidth * step),
        b: addressOf(backend, dy) + BYTES * (image * outHeight + row) * outWidth * columns,
        bStep: BYTES * columns,
        inner: outWidth,
        outer: Math.min(rowsAtATime, outHeight - row),
        c: addressOf(backend, sums),
        columns,
      });
    }
  }
  release(backend, table.tensor);

  const result = allocate(backend, filterShape);
  copyRows(floatsOf(backend, result), floatsOf(backend, sums), offsets.length, outChannels, columns);
  release(backend, sums);
  return result;
}

/** Copies the first `columns` of each row. */
function copyRows(to: Float32Array, from: Float32Array, rows: number, columns: number, rowStep: number): void {
  if (columns === rowStep) return to.set(from.subarray(0, rows * columns));
  for (let i = 0; i < rows; i++) to.set(from.subarray(i * rowStep, i * rowStep + columns), i * columns);
}
