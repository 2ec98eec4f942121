import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import { fromChannels, withChannels } from './channels.ts';
import { depthwiseChannels, packWeights } from './depthwise.ts';
import { plain } from './finish.ts';
import type { Simd } from './instance.ts';
import { upToFour } from './packing.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * `dx[n, sy·y + ky, sx·x + kx, i] = Σ_j W[ky, kx, i, j] · dy[n, y, x, i·m + j]`, without dilation.
 *
 * Input rows that leave one remainder by the stride meet the same rows of the filter, and neighbours among them meet neighbours of dy;
 * columns likewise. So each pair of remainders is a depthwise convolution of dy, of stride 1, with a part of the filter turned round.
 *
 * @internal
 */
export function depthwiseInputGradientSimd(
  backend: WasmBackend,
  simd: Simd,
  dy: TensorInfo,
  filter: TensorInfo,
  geometry: ConvGeometry,
): TensorInfo {
  const { input, output } = depthwiseChannels(geometry);
  return withChannels(backend, dy, output, (dy) =>
    fromChannels(backend, geometry.inShape, input, (dx) => {
      eachRemainder(backend, simd, dy, filter, dx, geometry);
    }),
  );
}

/** Writes dx with all channels, those of the output. */
function eachRemainder(
  backend: WasmBackend,
  simd: Simd,
  dy: TensorInfo,
  filter: TensorInfo,
  dx: TensorInfo,
  geometry: ConvGeometry,
): void {
  const { output } = depthwiseChannels(geometry);
  const channels = output.filled;
  const { batchSize, inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, padInfo } = geometry;
  const { strideHeight, strideWidth } = geometry;
  const pixel = BYTES * channels;
  const rows = remainders(inHeight, filterHeight, strideHeight, padInfo.top);
  const columns = remainders(inWidth, filterWidth, strideWidth, padInfo.left);
  for (const row of rows) {
    for (const column of columns) {
      const [last = 0] = column.entries;
      const runs = row.entries.map((y) => {
        return { first: y * filterWidth + last, step: -strideWidth, length: column.entries.length };
      });
      const weights = packWeights(backend, simd, filter, output, runs);
      simd.depthwise({
        ...{ x: addressOf(backend, dy), images: batchSize, inHeight: outHeight, inWidth: outWidth, channels },
        ...{ weights: addressOf(backend, weights), height: row.entries.length, width: column.entries.length },
        ...{ strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, top: row.before, left: column.before, ...plain },
        ...{ out: addressOf(backend, dx) + (row.first * inWidth + column.first) * pixel },
        ...{ outHeight: row.count, outWidth: column.count, outColumn: strideWidth * pixel },
        ...{ outRow: strideHeight * inWidth * pixel, outImage: inHeight * inWidth * pixel },
      });
      release(backend, weights);
    }
  }
}

/** Along one axis: the input's entries first, first + stride, ..., and what of the filter they meet. */
interface Remainder {
  readonly first: number;
  readonly count: number;
  /** Entries of the filter, from the last to the first: they meet entries of dy from the first to the last. */
  readonly entries: readonly number[];
  /** So many entries before dy begins what entry `first` meets. */
  readonly before: number;
}

function remainders(size: number, filterSize: number, stride: number, padding: number): Remainder[] {
  return Array.from({ length: Math.min(stride, size) }, (_, first) => {
    const least = (first + padding) % stride;
    const length = Math.max(0, Math.ceil((filterSize - least) / stride));
    return {
      first,
      count: Math.ceil((size - first) / stride),
      entries: Array.from({ length }, (_, i) => least + stride * (length - 1 - i)),
      before: length - 1 - (first + padding - least) / stride,
    };
  });
}

/**
 * `dW[ky, kx, i, j] = Σ x[n, sy·y + ky, sx·x + kx, i] · dy[n, y, x, i·m + j]` over n, y, x, without dilation.
 *
 * @internal
 */
export function depthwiseFilterGradientSimd(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  dy: TensorInfo,
  geometry: ConvGeometry,
): TensorInfo {
  const { inChannels, outChannels, filterHeight, filterWidth, filterShape } = geometry;
  const output = { count: outChannels, multiplier: 1, filled: upToFour(outChannels) };
  const entries = filterHeight * filterWidth * output.filled;
  const result = allocate(backend, filterShape);
  withChannels(backend, x, { ...output, multiplier: outChannels / inChannels }, (x) => {
    withChannels(backend, dy, output, (dy) => {
      const doubles = allocate(backend, [2 * entries]);
      const at = addressOf(backend, doubles);
      const sums = new Float64Array(backend.wasm.HEAPF32.buffer, at, entries).fill(0);
      simd.depthwiseFilter(
        ...[addressOf(backend, x), geometry.batchSize, geometry.inHeight, geometry.inWidth, output.filled],
        ...[addressOf(backend, dy), geometry.outHeight, geometry.outWidth, filterHeight, filterWidth],
        ...[geometry.strideHeight, geometry.strideWidth, geometry.padInfo.top, geometry.padInfo.left, at],
      );
      const to = floatsOf(backend, result);
      for (let i = 0; i < to.length; i++) {
        to[i] = sums[Math.floor(i / outChannels) * output.filled + (i % outChannels)]!;
      }
      release(backend, doubles);
    });
  });
  return result;
}
