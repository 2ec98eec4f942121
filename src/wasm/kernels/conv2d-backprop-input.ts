import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import { floatsOf, release, reshaped, type WasmBackend, withPart, zeros } from '../backend.ts';
import { inputGradientSimd } from '../simd/input-gradient.ts';
import type { SimdOf } from '../simd/instance.ts';
import { type ConvGeometry, convGeometry, withFittingGradient } from './conv-geometry.ts';
import { type KernelCall, product, type TrainingKernel, transposed } from './kernel.ts';

/** Floats of patch gradients computed at a time, so that they are still in the cache when they are added up. */
const CHUNK = 1 << 18;

/**
 * Gradient of a convolution with respect to its input: `dx[n, sy·y + ky, sx·x + kx, i] += Σ_o W[ky, kx, i, o] · dy[n, y, x, o]`.
 *
 * With SIMD, and a stride of 1 with enough channels, it is a convolution of dy with the filter turned, by Winograd's algorithm. Else all
 * patches' gradients are one matrix product, and are added where the patches were taken from. The shipped kernel loops over single elements.
 *
 * @internal
 */
export const conv2dBackpropInput: TrainingKernel = {
  kernelName: 'Conv2DBackpropInput',
  build: (_, simdOf) => (call) => inputGradient(call, simdOf),
};

function inputGradient({ backend, inputs, attrs }: KernelCall, simdOf: SimdOf): TensorInfo {
  const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
  const geometry = convGeometry(attrs['inputShape'] as number[], filter.shape, attrs);
  const simd = simdOf(backend);
  return withFittingGradient(backend, dy, geometry, (fitting) =>
    simd === undefined
      ? throughPatches(backend, fitting, filter, geometry)
      : inputGradientSimd(backend, simd, fitting, filter, geometry),
  );
}

/** `dPatches = dy · Wᵀ`, then each patch added where it was taken from. */
function throughPatches(backend: WasmBackend, dy: TensorInfo, filter: TensorInfo, geometry: ConvGeometry): TensorInfo {
  const { batchSize, inShape, outChannels } = geometry;
  const size = patchSize(geometry);
  if (tf.util.sizeFromShape(dy.shape) * size === 0) return zeros(backend, inShape);
  const positions = geometry.outHeight * geometry.outWidth;
  const filterT = transposed(backend, reshaped(filter, [size, outChannels]), [1, 0]);
  const dx = zeros(backend, inShape);
  const images = Math.max(1, Math.floor(CHUNK / (positions * size)));
  for (let first = 0; first < batchSize; first += images) {
    const rows = Math.min(images, batchSize - first) * positions;
    const start = first * positions * outChannels;
    const patches = withPart(backend, dy, start, [rows, outChannels], (part) => product(backend, part, filterT));
    addPatches(floatsOf(backend, dx), floatsOf(backend, patches), geometry, first);
    release(backend, patches);
  }
  release(backend, filterT);
  return dx;
}

/** Floats in the patch of the input that one output position sees: filterHeight · filterWidth · inChannels. */
function patchSize({ filterHeight, filterWidth, inChannels }: ConvGeometry): number {
  return filterHeight * filterWidth * inChannels;
}

/**
 * Adds patches to the places of the input that they were taken from (the transpose of cutting an input into patches).
 *
 * `patches` holds whole images, [images, outHeight, outWidth, filterHeight, filterWidth, inChannels], the first of them is image
 * `first` of `x`. What lies in the padding is dropped. A row of a patch is a run of neighbours in both arrays.
 *
 */
function addPatches(x: Float32Array, patches: Float32Array, geometry: ConvGeometry, first: number): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth, padInfo } = geometry;
  const rowLength = filterWidth * inChannels;
  const images = patches.length / (outHeight * outWidth * filterHeight * rowLength);
  let from = 0;
  for (let image = first; image < first + images; image++) {
    for (let row = 0; row < outHeight; row++) {
      const top = row * geometry.strideHeight - padInfo.top;
      for (let column = 0; column < outWidth; column++) {
        const left = column * geometry.strideWidth - padInfo.left;
        const begin = Math.max(0, -left) * inChannels;
        const end = Math.min(filterWidth, inWidth - left) * inChannels;
        for (let y = top; y < top + filterHeight; y++, from += rowLength) {
          if (y < 0 || y >= inHeight) continue;
          const to = ((image * inHeight + y) * inWidth + left) * inChannels;
          for (let i = begin; i < end; i++) x[to + i]! += patches[from + i]!;
        }
      }
    }
  }
}
