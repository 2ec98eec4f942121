import * as tf from '@tensorflow/tfjs';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { allocate, floatsOf, type WasmBackend } from '../backend.ts';
import { depthwiseSimd } from '../simd/depthwise.ts';
import type { SimdOf } from '../simd/instance.ts';
import { type ConvGeometry, convGeometry } from './conv-geometry.ts';
import { fused } from './fused.ts';
import { assertShipped, type KernelCall, type TrainingKernel } from './kernel.ts';
import { shippedConvolution } from './shipped-convolution.ts';

/**
 * Depthwise convolution, `y[p, i·m + j] = Σ_t x[p + t, i] · W[t, i, j]` with the channel multiplier m.
 *
 * The shipped kernel returns zeros with `'same'` padding where the filter is smaller than the stride along one axis
 * (TensorFlow.js issue 6629). With its padding spelled out ({@link shippedConvolution}) it is right and as fast as SIMD here, except
 * for filters of one entry: for those it has only a loop with a clamp, which turns NaN into -Infinity. Larger filters are faster here.
 *
 * @internal
 */
export const depthwiseConv2d: TrainingKernel = {
  kernelName: 'DepthwiseConv2dNative',
  build: (shipped, simdOf) => (call) => depthwise(shipped, simdOf, call, geometryOf(call)),
};

/** The same with bias, then the activation. @internal */
export const fusedDepthwiseConv2d: TrainingKernel = {
  kernelName: 'FusedDepthwiseConv2D',
  build: (shipped, simdOf) => (call) => {
    const geometry = geometryOf(call);
    return fused(call, simdOf, geometry.outChannels, (linear) => depthwise(shipped, simdOf, linear, geometry));
  },
};

/** Up to this many entries of the filter the shipped kernel has a loop of its own for it. */
const SMALL_FILTER = 9;

function geometryOf({ inputs, attrs }: KernelCall): ConvGeometry {
  const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
  return convGeometry(x.shape, filter.shape, attrs, 'depthwise');
}

function depthwise(
  shipped: KernelFunc | undefined,
  simdOf: SimdOf,
  call: KernelCall,
  geometry: ConvGeometry,
): TensorInfo {
  assertShipped(shipped);
  const { backend, inputs } = call;
  const { x, filter, bias } = inputs as { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
  const simd = simdOf(backend);
  const entries = geometry.filterHeight * geometry.filterWidth;
  const isOurs = entries === 1 || (entries > SMALL_FILTER && simd?.threaded === false);
  if (tf.util.sizeFromShape(geometry.outShape) === 0) return allocate(backend, geometry.outShape);
  if (!isOurs) return shippedConvolution(shipped, call, geometry);
  return simd === undefined
    ? depthwisePlain(backend, x, filter, bias, geometry)
    : depthwiseSimd(backend, simd, x, filter, bias, geometry);
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
