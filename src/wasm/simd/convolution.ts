import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, reshaped, type WasmBackend, withPart } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import { type Ending, withFinish } from './finish.ts';
import type { Simd } from './instance.ts';
import { matrixProductSimd } from './matrix-product.ts';
import { type MatrixView, packPanels, paddedSize, patchStarts, rowTable, withPaddedInput } from './packing.ts';
import { isWinogradFaster, type StrideOne, winogradSimd } from './winograd.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Rows of a product that are worth a call: small images are taken together until they have as many positions. */
const ROWS_AT_A_TIME = 64;

/** `y(p) = clamp(bias + patch(p) · W)`, by the fastest way for its shape. @internal */
export function convolutionSimd(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  filter: TensorInfo,
  geometry: ConvGeometry,
  ending: Ending,
): TensorInfo {
  if (isPointwise(geometry)) return pointwise(backend, simd, x, filter, geometry, ending);
  const shape = strideOne(geometry);
  if (shape === undefined || !isWinogradFaster(shape))
    return plainConvolution(backend, simd, x, filter, geometry, ending);
  const y = allocate(backend, geometry.outShape);
  const special = winogradSimd(backend, simd, x, filter, y, shape, ending);
  const alone = { ...geometry, batchSize: 1 };
  eachAlone(backend, special, x, y, (image) => plainConvolution(backend, simd, image, filter, alone, ending));
  return y;
}

/** Whether each output position has one input position, the same. */
function isPointwise({ filterHeight, filterWidth, strideHeight, strideWidth, padInfo }: ConvGeometry): boolean {
  const { top, bottom, left, right } = padInfo;
  return (
    [filterHeight, filterWidth, strideHeight, strideWidth].every((n) => n === 1) && top + bottom + left + right === 0
  );
}

/** A product with a row for each position of all images. */
function pointwise(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  filter: TensorInfo,
  { batchSize, inHeight, inWidth, inChannels, outChannels, outShape }: ConvGeometry,
  ending: Ending,
): TensorInfo {
  const matrix = (tensor: TensorInfo, rows: number, columns: number): MatrixView => {
    return { tensor, rows, columns, rowStep: columns, columnStep: 1 };
  };
  const rows = matrix(x, batchSize * inHeight * inWidth, inChannels);
  const result = matrixProductSimd(backend, simd, rows, matrix(filter, inChannels, outChannels), ending);
  return reshaped(result, outShape);
}

/** The convolution as one of stride 1 that has transforms; undefined where it is none. @internal */
export function strideOne(geometry: ConvGeometry): StrideOne | undefined {
  const { filterHeight: taps, filterWidth, strideHeight, strideWidth, padInfo } = geometry;
  if (strideHeight !== 1 || strideWidth !== 1 || taps !== filterWidth || (taps !== 3 && taps !== 5)) return undefined;
  const { batchSize: images, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = geometry;
  const [top, left] = [padInfo.top, padInfo.left];
  return { images, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, top, left, taps, turned: false };
}

/** Computes some images one by one and copies the results to their places. @internal */
export function eachAlone(
  backend: WasmBackend,
  indices: readonly number[],
  x: TensorInfo,
  y: TensorInfo,
  compute: (image: TensorInfo) => TensorInfo,
): void {
  const [inShape, outShape] = [x, y].map(({ shape }) => [1, ...shape.slice(1)]) as [number[], number[]];
  const [inSize, outSize] = [inShape, outShape].map((shape) => shape.reduce((a, b) => a * b)) as [number, number];
  for (const index of indices) {
    const result = withPart(backend, x, index * inSize, inShape, compute);
    floatsOf(backend, y).set(floatsOf(backend, result), index * outSize);
    release(backend, result);
  }
}

/**
 * A product with a row for each output position, a column for each output channel, and a term for each entry of the patch: over the rows of
 * the filter, and over each row, a run of neighbours in the input.
 *
 * One image is done at a time, so that patches overlap in the cache; small ones together, so that the weights stay there.
 */
function plainConvolution(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  filter: TensorInfo,
  geometry: ConvGeometry,
  ending: Ending,
): TensorInfo {
  const { batchSize, filterHeight, filterWidth, inChannels, outChannels, outHeight, outWidth } = geometry;
  const rows = filterHeight * filterWidth * inChannels;
  const matrix = { tensor: filter, rows, columns: outChannels, rowStep: outChannels, columnStep: 1 };
  const weights = packPanels(backend, simd, matrix);
  const y = withPaddedInput(backend, simd, x, geometry, (input) => {
    const output = allocate(backend, [batchSize, outHeight, outWidth, outChannels]);
    eachImage(backend, simd, input, weights, output, geometry, ending);
    return output;
  });
  release(backend, weights);
  return y;
}

function eachImage(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  weights: TensorInfo,
  y: TensorInfo,
  geometry: ConvGeometry,
  ending: Ending,
): void {
  const { batchSize, inChannels, outChannels, filterHeight, filterWidth } = geometry;
  const { height, width } = paddedSize(geometry);
  const starts = patchStarts(geometry, width);
  const positions = starts.length;
  const [inSize, outSize] = [height * width * inChannels, positions * outChannels];
  const images = Math.max(1, Math.floor(ROWS_AT_A_TIME / positions));
  const run = filterWidth * inChannels;
  withFinish(backend, ending, outChannels, (finish) => {
    for (let first = 0; first < batchSize;) {
      const together = Math.min(images, batchSize - first);
      const table = rowTable(
        backend,
        together * positions,
        (row) => Math.floor(row / positions) * inSize + starts[row % positions]!,
        (row) => row * outChannels,
      );
      for (; first + together <= batchSize; first += together) {
        simd.product({
          table: addressOf(backend, table.tensor),
          tiles: table.tiles,
          a: addressOf(backend, x) + BYTES * first * inSize,
          aStep: BYTES,
          aJump: BYTES * (width * inChannels - run),
          b: addressOf(backend, weights),
          inner: run,
          outer: filterHeight,
          c: addressOf(backend, y) + BYTES * first * outSize,
          columns: outChannels,
          ...finish,
        });
      }
      release(backend, table.tensor);
    }
  });
}
