import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend, withPart } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import { transposed } from '../kernels/kernel.ts';
import { eachAlone } from './convolution.ts';
import { plain } from './finish.ts';
import type { Simd } from './instance.ts';
import { packPanels, paddedSize, patchStarts, rowTable, upToFour } from './packing.ts';
import { isWinogradFaster, type StrideOne, winogradSimd } from './winograd.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** The gradient of a convolution with respect to its input, by the fastest way for its shape. @internal */
export function inputGradientSimd(
  backend: WasmBackend,
  simd: Simd,
  dy: TensorInfo,
  filter: TensorInfo,
  geometry: ConvGeometry,
): TensorInfo {
  const shape = strideOne(geometry);
  if (shape === undefined || !isWinogradFaster(shape)) return plainInputGradient(backend, simd, dy, filter, geometry);
  const { batchSize, inHeight, inWidth, inChannels } = geometry;
  const dx = allocate(backend, [batchSize, inHeight, inWidth, inChannels]);
  const swapped = transposed(backend, filter, [0, 1, 3, 2]);
  const special = winogradSimd(backend, simd, dy, swapped, dx, shape, plain);
  release(backend, swapped);
  const alone = { ...geometry, batchSize: 1, inShape: [1, inHeight, inWidth, inChannels] as ConvGeometry['inShape'] };
  eachAlone(backend, special, dy, dx, (image) => plainInputGradient(backend, simd, image, filter, alone));
  return dx;
}

/** The gradient as a convolution of dy with the filter turned by half a turn; undefined where it is none of stride 1. */
function strideOne(geometry: ConvGeometry): StrideOne | undefined {
  const { filterHeight: taps, filterWidth, strideHeight, strideWidth, padInfo } = geometry;
  if (strideHeight !== 1 || strideWidth !== 1 || taps !== filterWidth || (taps !== 3 && taps !== 5)) return undefined;
  const [top, left] = [taps - 1 - padInfo.top, taps - 1 - padInfo.left];
  if (top < 0 || left < 0) return undefined;
  return {
    images: geometry.batchSize,
    inHeight: geometry.outHeight,
    inWidth: geometry.outWidth,
    inChannels: geometry.outChannels,
    outHeight: geometry.inHeight,
    outWidth: geometry.inWidth,
    outChannels: geometry.inChannels,
    ...{ top, left, taps, turned: true },
  };
}

/**
 * `dx(patch p) += W · dy(p)` for all output positions p: a product with a row for each position, a column for each entry of the
 * patch and a term for each output channel, added to the place that the patch was taken from.
 *
 * A row of the filter is a run of neighbours in the input, so the sums go straight to dx and no array of patches is made. One
 * image is done at a time, with its padding, in a buffer that stays in the cache.
 */
function plainInputGradient(
  backend: WasmBackend,
  simd: Simd,
  dy: TensorInfo,
  filter: TensorInfo,
  geometry: ConvGeometry,
): TensorInfo {
  const { batchSize, inShape, inChannels, outChannels, outHeight, outWidth, filterHeight, filterWidth } = geometry;
  const { height, width } = paddedSize(geometry);
  const run = filterWidth * inChannels;
  const filled = upToFour(run);
  const rows = rowsOfFilter(backend, simd, filter, geometry);
  const size = height * width * inChannels;
  // Runs are filled up with zeros to a multiple of 4 and may pass the end; the table's fillers write after that.
  const image = allocate(backend, [size + filled + filterHeight * width * inChannels + filled]);
  const starts = patchStarts(geometry, width);
  const table = rowTable(
    backend,
    starts.length,
    (i) => i * outChannels,
    (i) => starts[i]!,
    size + filled,
  );
  const dx = allocate(backend, inShape);

  for (let i = 0; i < batchSize; i++) {
    floatsOf(backend, image).fill(0);
    for (const [y, row] of rows.entries()) {
      simd.multiply({
        table: addressOf(backend, table.tensor),
        tiles: table.tiles,
        a: addressOf(backend, dy) + BYTES * i * outHeight * outWidth * outChannels,
        aStep: BYTES,
        aJump: 0,
        b: addressOf(backend, row),
        bStep: 'packed',
        inner: outChannels,
        outer: 1,
        c: addressOf(backend, image) + BYTES * y * width * inChannels,
        columns: run,
      });
    }
    copyInside(floatsOf(backend, dx), floatsOf(backend, image), geometry, width, i);
  }
  for (const scratch of [...rows, image, table.tensor]) release(backend, scratch);
  return dx;
}

/** For each row of the filter a matrix [outChannels, filterWidth · inChannels], packed. */
function rowsOfFilter(backend: WasmBackend, simd: Simd, filter: TensorInfo, geometry: ConvGeometry): TensorInfo[] {
  const { filterHeight, filterWidth, inChannels, outChannels } = geometry;
  const columns = filterWidth * inChannels;
  return Array.from({ length: filterHeight }, (_, y) =>
    withPart(backend, filter, y * columns * outChannels, [columns, outChannels], (tensor) =>
      packPanels(backend, simd, { tensor, rows: outChannels, columns, rowStep: 1, columnStep: outChannels }),
    ),
  );
}

/** Copies one image out of its padding. */
function copyInside(dx: Float32Array, image: Float32Array, geometry: ConvGeometry, width: number, index: number): void {
  const { inHeight, inWidth, inChannels, padInfo } = geometry;
  const length = inWidth * inChannels;
  for (let y = 0; y < inHeight; y++) {
    const from = ((y + padInfo.top) * width + padInfo.left) * inChannels;
    dx.set(image.subarray(from, from + length), (index * inHeight + y) * length);
  }
}
