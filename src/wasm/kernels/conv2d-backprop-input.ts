import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import type { WasmBackend } from '../backend.ts';
import { floatsOf, release, reshaped, withPart, zeros } from '../backend.ts';
import { product, transposed } from '../run-kernel.ts';
import type { SimdOf } from '../simd/instance.ts';
import { inputGradientSimd } from '../simd/input-gradient.ts';
import type { ConvGeometry } from './conv-geometry.ts';
import { convGeometry, withFittingGradient } from './conv-geometry.ts';
import { addPatches, patchSize } from './patches.ts';
import type { KernelCall, TrainingKernel } from './training-kernel.ts';

/** Floats of patch gradients computed at a time, so that they are still in the cache when they are added up. */
const CHUNK = 1 << 18;

/**
 * Gradient of a convolution with respect to its input: `dx[n, sy·y + ky, sx·x + kx, i] += Σ_o W[ky, kx, i, o] · dy[n, y, x, o]`.
 *
 * All patches' gradients are one matrix product, and are then added where the patches were taken from; with SIMD both happen at
 * once. The shipped kernel loops over single elements and takes 6 to 16 times as long. A full-padded convolution with the
 * reversed filter, the other known way, multiplies by many zeros when the filter is large and fills few of the columns that a
 * product works on when the input has few channels (LeNet: 3 to 4 times as long).
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
