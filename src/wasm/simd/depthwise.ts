import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, type WasmBackend } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import { type Channels, fromChannels, withChannels } from './channels.ts';
import { type Ending, withFinish } from './finish.ts';
import type { Simd } from './instance.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** The loops read four channels at a time, the last four perhaps a second time. */
const LEAST_CHANNELS = 4;

/** The channels of a depthwise convolution: those of its input and, with multiplier 1, those of its filter and its output. @internal */
export function depthwiseChannels({ inChannels, outChannels }: ConvGeometry): { input: Channels; output: Channels } {
  const output = { count: outChannels, multiplier: 1, filled: Math.max(LEAST_CHANNELS, outChannels) };
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
  ending: Ending,
): TensorInfo {
  const { input, output } = depthwiseChannels(geometry);
  const run = (ending: Ending): TensorInfo =>
    withChannels(backend, x, input, (x) =>
      withChannels(backend, filter, output, (filter) =>
        fromChannels(backend, geometry.outShape, output, (y) =>
          convolve(backend, simd, { x, filter, y, channels: output.filled }, geometry, ending),
        ),
      ),
    );
  const { bias } = ending;
  return bias === undefined ? run(ending) : withChannels(backend, bias, output, (bias) => run({ ...ending, bias }));
}

/** All of one multiplier, and with four channels at least. */
interface Operands {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
  readonly y: TensorInfo;
  readonly channels: number;
}

function convolve(
  backend: WasmBackend,
  simd: Simd,
  { x, filter, y, channels }: Operands,
  geometry: ConvGeometry,
  ending: Ending,
): void {
  const { batchSize, inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, padInfo } = geometry;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = geometry;
  const pixel = BYTES * channels;
  withFinish(backend, ending, channels, (finish) => {
    simd.depthwise({
      ...{ x: addressOf(backend, x), images: batchSize, inHeight, inWidth, channels },
      ...{ filter: addressOf(backend, filter), height: filterHeight, width: filterWidth },
      ...{ strideY: strideHeight, strideX: strideWidth, dilationY: dilationHeight, dilationX: dilationWidth },
      ...{ top: padInfo.top, left: padInfo.left, ...finish },
      ...{ out: addressOf(backend, y), outHeight, outWidth },
      ...{ outColumn: pixel, outRow: outWidth * pixel, outImage: outHeight * outWidth * pixel },
    });
  });
}
