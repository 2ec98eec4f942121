import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import { type Channels, fromChannels, withChannels } from './channels.ts';
import type { Ending } from './finish.ts';
import type { Simd } from './instance.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Channels that the loops read at a time, the last of them perhaps a second time. */
const LANES = 4;

/** The channels of a depthwise convolution: those of its input and, with multiplier 1, those of its filter and its output. @internal */
export function depthwiseChannels({ inChannels, outChannels }: ConvGeometry): { input: Channels; output: Channels } {
  const output = { count: outChannels, multiplier: 1, filled: Math.max(LANES, outChannels) };
  return { input: { ...output, multiplier: outChannels / inChannels }, output };
}

/**
 * `y[p, i·m + j] = clamp(bias[i·m + j] + Σ_t x[p + t, i] · W[t, i, j])` for the channels i and the multipliers j < m.
 *
 * With a multiplier, or fewer than four channels, on copies that repeat the channels, or fill them up.
 *
 * @internal
 */
export function depthwiseSimd(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  filter: TensorInfo,
  geometry: ConvGeometry,
  { bias, low, high }: Ending,
): TensorInfo {
  const { batchSize, inHeight, inWidth, outHeight, outWidth, outShape, filterHeight, filterWidth, padInfo } = geometry;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = geometry;
  const { input, output } = depthwiseChannels(geometry);
  const pixel = BYTES * output.filled;
  const all = { first: 0, step: 1, length: filterHeight * filterWidth };
  const weights = packWeights(backend, simd, filter, output, [all], bias);
  const result = withChannels(backend, x, input, (x) =>
    fromChannels(backend, outShape, output, (y) => {
      simd.depthwise({
        ...{ x: addressOf(backend, x), images: batchSize, inHeight, inWidth, channels: output.filled },
        ...{ weights: addressOf(backend, weights), height: filterHeight, width: filterWidth },
        ...{ strideY: strideHeight, strideX: strideWidth, dilationY: dilationHeight, dilationX: dilationWidth },
        ...{ top: padInfo.top, left: padInfo.left, low, high },
        ...{ out: addressOf(backend, y), outHeight, outWidth },
        ...{ outColumn: pixel, outRow: outWidth * pixel, outImage: outHeight * outWidth * pixel },
      });
    }),
  );
  release(backend, weights);
  return result;
}

/** Entries of a filter at equal steps. @internal */
export interface Run {
  readonly first: number;
  readonly step: number;
  readonly length: number;
}

/**
 * A filter as depthwise.as reads it: for each four channels their bias, or zeros, and then these of its entries.
 *
 * @internal
 */
export function packWeights(
  backend: WasmBackend,
  simd: Simd,
  filter: TensorInfo,
  { count, filled }: Channels,
  runs: readonly Run[],
  bias?: TensorInfo,
): TensorInfo {
  const entries = runs.reduce((sum, { length }) => sum + length, 0);
  const packed = allocate(backend, [Math.ceil(filled / LANES), entries + 1, LANES]);
  if (bias === undefined) floatsOf(backend, packed).fill(0);
  const start = bias === undefined ? undefined : addressOf(backend, bias);
  const from = addressOf(backend, filter);
  let to = addressOf(backend, packed);
  for (let next = 0; next < filled; next += LANES) {
    const channel = Math.min(next, filled - LANES);
    if (start !== undefined) simd.packRows(start + BYTES * channel, 0, 1, LANES, to);
    to += BYTES * LANES;
    for (const { first, step, length } of runs) {
      simd.packRows(from + BYTES * (first * count + channel), BYTES * step * count, length, LANES, to);
      to += BYTES * LANES * length;
    }
  }
  return packed;
}
