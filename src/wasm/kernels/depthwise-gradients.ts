import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import { floatsOf, type WasmBackend, zeros } from '../backend.ts';
import { depthwiseFilterGradientSimd, depthwiseInputGradientSimd } from '../simd/depthwise-gradients.ts';
import type { Simd } from '../simd/instance.ts';
import { type ConvGeometry, convGeometry, withFittingGradient } from './conv-geometry.ts';
import type { TrainingKernel } from './kernel.ts';

/**
 * Gradient of a depthwise convolution with respect to its input: with the m outputs of channel i at i·m + j,
 * `dx[n, sy·y + ky, sx·x + kx, i] += Σ_j W[ky, kx, i, j] · dy[n, y, x, i·m + j]`. Missing from the backend.
 *
 * @internal
 */
export const depthwiseBackpropInput: TrainingKernel = {
  kernelName: 'DepthwiseConv2dNativeBackpropInput',
  build: (_, simdOf) => (call) => {
    const { backend, inputs, attrs } = call;
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const geometry = convGeometry(attrs['inputShape'] as number[], filter.shape, attrs, 'depthwise');
    const simd = simdOf(backend);
    return withFittingGradient(backend, dy, geometry, (fitting) =>
      isOurs(simd, geometry)
        ? depthwiseInputGradientSimd(backend, simd, fitting, filter, geometry)
        : inputGradient(backend, fitting, filter, geometry),
    );
  },
};

/** The loops with SIMD know no dilation; TensorFlow.js asks for none. */
function isOurs(simd: Simd | undefined, { dilationHeight, dilationWidth }: ConvGeometry): simd is Simd {
  return simd !== undefined && dilationHeight === 1 && dilationWidth === 1;
}

function inputGradient(backend: WasmBackend, dy: TensorInfo, filter: TensorInfo, geometry: ConvGeometry): TensorInfo {
  const dx = zeros(backend, geometry.inShape);
  const [to, weights, gradient] = [floatsOf(backend, dx), floatsOf(backend, filter), floatsOf(backend, dy)];
  const { inChannels, outChannels } = geometry;
  const multiplier = outChannels / inChannels;
  forEachTap(geometry, (from, at, tap) => {
    for (let i = 0; i < outChannels; i++) {
      to[from + Math.floor(i / multiplier)]! += weights[tap + i]! * gradient[at + i]!;
    }
  });
  return dx;
}

/**
 * Gradient of a depthwise convolution with respect to its filter: `dW[ky, kx, i, j] = Σ x[n, sy·y + ky, sx·x + kx, i] · dy[n, y, x, i·m + j]`
 * over n, y, x. Missing from the backend.
 *
 * Sums are taken in double precision, as on `cpu`; with SIMD, those of a row of dy in single precision.
 *
 * @internal
 */
export const depthwiseBackpropFilter: TrainingKernel = {
  kernelName: 'DepthwiseConv2dNativeBackpropFilter',
  build: (_, simdOf) => (call) => {
    const { backend, inputs, attrs } = call;
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const geometry = convGeometry(x.shape, attrs['filterShape'] as number[], attrs, 'depthwise');
    const simd = simdOf(backend);
    return withFittingGradient(backend, dy, geometry, (fitting) =>
      isOurs(simd, geometry)
        ? depthwiseFilterGradientSimd(backend, simd, x, fitting, geometry)
        : filterGradient(backend, x, fitting, geometry),
    );
  },
};

function filterGradient(backend: WasmBackend, x: TensorInfo, dy: TensorInfo, geometry: ConvGeometry): TensorInfo {
  const { inChannels, outChannels, filterShape } = geometry;
  const multiplier = outChannels / inChannels;
  const result = zeros(backend, filterShape);
  const [input, gradient] = [floatsOf(backend, x), floatsOf(backend, dy)];
  const sums = new Float64Array(tf.util.sizeFromShape(filterShape));
  forEachTap(geometry, (from, at, tap) => {
    for (let i = 0; i < outChannels; i++) {
      sums[tap + i]! += input[from + Math.floor(i / multiplier)]! * gradient[at + i]!;
    }
  });
  floatsOf(backend, result).set(sums);
  return result;
}

/** Calls `use` for each output position and each entry of the filter that lies inside the input: where their channels begin in x, y and W. */
function forEachTap(geometry: ConvGeometry, use: (from: number, at: number, tap: number) => void): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padInfo } = geometry;
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = geometry;
  for (let image = 0; image < batchSize; image++) {
    for (let y = 0; y < outHeight; y++) {
      for (let ky = 0; ky < filterHeight; ky++) {
        const row = y * strideHeight - padInfo.top + ky * dilationHeight;
        if (row < 0 || row >= inHeight) continue;
        for (let x = 0; x < outWidth; x++) {
          const at = ((image * outHeight + y) * outWidth + x) * outChannels;
          for (let kx = 0; kx < filterWidth; kx++) {
            const column = x * strideWidth - padInfo.left + kx * dilationWidth;
            if (column < 0 || column >= inWidth) continue;
            use(((image * inHeight + row) * inWidth + column) * inChannels, at, (ky * filterWidth + kx) * outChannels);
          }
        }
      }
    }
  }
}
