import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import type { Simd } from './instance.ts';
import { packColumns, paddedSize, patchStarts, rowTable, upToFour, withPaddedInput } from './packing.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * `y(p) = patch(p) · W`: a product with a row for each output position, a column for each output channel, and a term for each
 * entry of the patch: over the rows of the filter, and over each row, a run of neighbours in the input.
 *
 * One image is done at a time, so that patches overlap in the cache.
 *
 * @internal
 */
export function convolutionSimd(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  filter: TensorInfo,
  geometry: ConvGeometry,
): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels } = geometry;
  const rows = filterHeight * filterWidth * inChannels;
  const matrix = { tensor: filter, rows, columns: outChannels, rowStep: outChannels, columnStep: 1 };
  const weights = packColumns(backend, matrix);
  const y = withPaddedInput(backend, x, geometry, (input) => eachImage(backend, simd, input, weights, geometry));
  release(backend, weights);
  return y;
}

function eachImage(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  weights: TensorInfo,
  geometry: ConvGeometry,
): TensorInfo {
  const { batchSize, inChannels, outChannels, outShape, filterHeight, filterWidth } = geometry;
  const { height, width } = paddedSize(geometry);
  const starts = patchStarts(geometry, width);
  const size = starts.length * outChannels;
  const image = allocate(backend, [size + 2 * upToFour(outChannels)]);
  const inImage = starts.map((_, i) => i * outChannels);
  const table = rowTable(backend, starts, inImage, size + upToFour(outChannels));
  const y = allocate(backend, outShape);
  const run = filterWidth * inChannels;
  for (let i = 0; i < batchSize; i++) {
    const buffer = floatsOf(backend, image).fill(0);
    simd.multiply({
      table: addressOf(backend, table.tensor),
      tiles: table.tiles,
      a: addressOf(backend, x) + BYTES * i * height * width * inChannels,
      aStep: BYTES,
      aJump: BYTES * (width * inChannels - run),
      b: addressOf(backend, weights),
      bStep: 'packed',
      inner: run,
      outer: filterHeight,
      c: addressOf(backend, image),
      columns: outChannels,
    });
    floatsOf(backend, y).set(buffer.subarray(0, size), i * size);
  }
  for (const scratch of [image, table.tensor]) release(backend, scratch);
  return y;
}
