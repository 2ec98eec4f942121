import * as tf from '@tensorflow/tfjs';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { allocate, floatsOf, type WasmBackend } from '../backend.ts';
import { depthwiseSimd } from '../simd/depthwise.ts';
import { type Ending, plain } from '../simd/finish.ts';
import type { SimdOf } from '../simd/instance.ts';
import { type ConvGeometry, convGeometry } from './conv-geometry.ts';
import { fused } from './fused.ts';
import { assertShipped, type KernelCall, type TrainingKernel } from './kernel.ts';
import { shippedConvolution } from './shipped-convolution.ts';

/**
 * Depthwise convolution, `y[p, i·m + j] = Σ_t x[p + t, i] · W[t, i, j]` with the channel multiplier m.
 *
 * On one thread by SIMD. The shipped kernel returns zeros with `'same'` padding where the filter is smaller than the stride along one axis
 * (TensorFlow.js issue 6629). With its padding spelled out ({@link shippedConvolution}) it is right, except for filters of one entry: for
 * those it has only a loop with a clamp, which turns NaN into -Infinity.
 *
 * @internal
 */
export const depthwiseConv2d: TrainingKernel = {
  kernelName: 'DepthwiseConv2dNative',
  build: (shipped, simdOf) => (call) => {
    const geometry = geometryOf(call);
    return bySimd(call, simdOf, geometry)?.(plain) ?? withoutSimd(shipped, call, geometry);
  },
};

/** The same with bias, then the activation. @internal */
export const fusedDepthwiseConv2d: TrainingKernel = {
  kernelName: 'FusedDepthwiseConv2D',
  build: (shipped, simdOf) => (call) => {
    const geometry = geometryOf(call);
    const linear = (call: KernelCall): TensorInfo => withoutSimd(shipped, call, geometry);
    return fused(call, simdOf, geometry.outChannels, linear, bySimd(call, simdOf, geometry));
  },
};

function geometryOf({ inputs, attrs }: KernelCall): ConvGeometry {
  const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
  return convGeometry(x.shape, filter.shape, attrs, 'depthwise');
}

function bySimd(
  { backend, inputs }: KernelCall,
  simdOf: SimdOf,
  geometry: ConvGeometry,
): ((ending: Ending) => TensorInfo) | undefined {
  const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
  const simd = simdOf(backend);
  if (simd === undefined || simd.threaded) return undefined;
  return (ending) => depthwiseSimd(backend, simd, x, filter, geometry, ending);
}

function withoutSimd(shipped: KernelFunc | undefined, call: KernelCall, geometry: ConvGeometry): TensorInfo {
  assertShipped(shipped);
  const { backend, inputs } = call;
  const { x, filter, bias } = inputs as { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
  if (tf.util.sizeFromShape(geometry.outShape) === 0) return allocate(backend, geometry.outShape);
  return geometry.filterHeight * geometry.filterWidth === 1
    ? depthwisePlain(backend, x, filter, bias, geometry)
    : shippedConvolution(shipped, call, geometry);
}

/** The definition, entry by entry. */
function depthwisePlain(
  backend: WasmBackend,
  x: TensorInfo,
  filter: TensorInfo,
  bias: TensorInfo | undefined,
  geometry: ConvGeometry,
): TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels, outChannels, outHeight, outWidth, padInfo } = geometry;
  const multiplier = outChannels / inChannels;
  const y = allocate(backend, geometry.outShape);
  const [input, weights, sums] = [floatsOf(backend, x), floatsOf(backend, filter), floatsOf(backend, y).fill(0)];
  const start = bias === undefined ? undefined : floatsOf(backend, bias);
  let at = 0;
  for (let position = 0; position < batchSize * outHeight * outWidth; position++, at += outChannels) {
    if (start !== undefined) sums.set(start, at);
    const column = (position % outWidth) * geometry.strideWidth - padInfo.left;
    const row = (Math.floor(position / outWidth) % outHeight) * geometry.strideHeight - padInfo.top;
    const image = Math.floor(position / (outHeight * outWidth));
    for (let ky = 0; ky < geometry.filterHeight; ky++) {
      const inRow = row + ky * geometry.dilationHeight;
      if (inRow < 0 || inRow >= inHeight) continue;
      for (let kx = 0; kx < geometry.filterWidth; kx++) {
        const inColumn = column + kx * geometry.dilationWidth;
        if (inColumn < 0 || inColumn >= inWidth) continue;
        const from = ((image * inHeight + inRow) * inWidth + inColumn) * inChannels;
        const term = (ky * geometry.filterWidth + kx) * outChannels;
        for (let i = 0; i < outChannels; i++) {
          sums[at + i]! += input[from + Math.floor(i / multiplier)]! * weights[term + i]!;
        }
      }
    }
  }
  return y;
}
