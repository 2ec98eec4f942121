import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import { release, type WasmBackend, zeros } from '../backend.ts';
import { filterGradientSimd } from '../simd/filter-gradient.ts';
import type { SimdOf } from '../simd/instance.ts';
import { type ConvGeometry, convGeometry, withFittingGradient } from './conv-geometry.ts';
import { type KernelCall, runKernel, type TrainingKernel, transposed } from './kernel.ts';

/**
 * Gradient of a convolution with respect to its filter. Missing from the backend.
 *
 * `dW[ky, kx, i, o] = Σ x[n, sy·y + ky, sx·x + kx, i] · dy[n, y, x, o]` over n, y, x. Without SIMD it is computed as a convolution, with
 * the channels of x as its batch, the batch as its channels, dy as its filter, and the strides as its dilations: the backend has a fast one.
 *
 * @internal
 */
export const conv2dBackpropFilter: TrainingKernel = {
  kernelName: 'Conv2DBackpropFilter',
  build: (_, simdOf) => (call) => filterGradient(call, simdOf),
};

function filterGradient({ backend, inputs, attrs }: KernelCall, simdOf: SimdOf): TensorInfo {
  const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  const geometry = convGeometry(x.shape, attrs['filterShape'] as number[], attrs);
  const simd = simdOf(backend);
  if (tf.util.sizeFromShape(x.shape) * tf.util.sizeFromShape(geometry.outShape) === 0) {
    return zeros(backend, geometry.filterShape);
  }
  return withFittingGradient(backend, dy, geometry, (fitting) =>
    simd === undefined
      ? filterGradientPlain(backend, x, fitting, geometry)
      : filterGradientSimd(backend, simd, x, fitting, geometry),
  );
}

function filterGradientPlain(backend: WasmBackend, x: TensorInfo, dy: TensorInfo, geometry: ConvGeometry): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels, strideHeight, strideWidth, padInfo } = geometry;
  // Pad so far that the result has the filter's size, but no less than nothing: then rows or columns are left over.
  const below = reach(geometry.outHeight, strideHeight, filterHeight) - geometry.inHeight - padInfo.top;
  const right = reach(geometry.outWidth, strideWidth, filterWidth) - geometry.inWidth - padInfo.left;

  const images = transposed(backend, x, [3, 1, 2, 0]);
  const filter = transposed(backend, dy, [1, 2, 0, 3]);
  const full = runKernel(
    backend,
    'Conv2D',
    { x: images, filter },
    {
      strides: [1, 1],
      dilations: [strideHeight, strideWidth],
      dataFormat: 'NHWC',
      pad: [
        [0, 0],
        [padInfo.top, Math.max(0, below)],
        [padInfo.left, Math.max(0, right)],
        [0, 0],
      ],
    },
  );
  release(backend, images);
  release(backend, filter);
  const size = [inChannels, filterHeight, filterWidth, outChannels];
  const cut = runKernel(backend, 'Slice', { x: full }, { begin: [0, 0, 0, 0], size });
  release(backend, full);
  const result = transposed(backend, cut, [1, 2, 0, 3]);
  release(backend, cut);
  return result;
}

/** Extent of the padded input that the convolution reads along one axis. */
function reach(outputs: number, stride: number, filter: number): number {
  return (outputs - 1) * stride + filter;
}
