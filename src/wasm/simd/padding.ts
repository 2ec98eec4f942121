import type { TensorInfo } from '@tensorflow/tfjs';
import type { WasmBackend } from '../backend.ts';
import { allocate, floatsOf, release } from '../backend.ts';
import type { ConvGeometry } from '../kernels/conv-geometry.ts';
import { reachOf } from '../kernels/conv-geometry.ts';
import { runKernel } from '../run-kernel.ts';

/** The next multiple of 4: the SIMD loops work on four floats at a time. @internal */
export function upToFour(count: number): number {
  return Math.ceil(count / 4) * 4;
}

/** Height and width of the padded input, never less than what the filter reaches. @internal */
export function paddedSize(geometry: ConvGeometry): { height: number; width: number } {
  const { inHeight, inWidth, padInfo } = geometry;
  const reach = reachOf(geometry);
  return {
    height: Math.max(inHeight + padInfo.top + padInfo.bottom, reach.height),
    width: Math.max(inWidth + padInfo.left + padInfo.right, reach.width),
  };
}

/** Calls `use` with x surrounded by the zeros of the convolution's padding; x itself, where there are none. @internal */
export function withPaddedInput<T>(
  backend: WasmBackend,
  x: TensorInfo,
  geometry: ConvGeometry,
  use: (padded: TensorInfo) => T,
): T {
  const { batchSize, inHeight, inWidth, inChannels, padInfo } = geometry;
  const { height, width } = paddedSize(geometry);
  if (height === inHeight && width === inWidth) return use(x);
  const padded = allocate(backend, [batchSize, height, width, inChannels]);
  const to = floatsOf(backend, padded).fill(0);
  const from = floatsOf(backend, x);
  const row = inWidth * inChannels;
  // Row by row: the backend's own kernel finds the place of each element, which takes longer.
  for (let image = 0; image < batchSize; image++) {
    for (let y = 0; y < inHeight; y++) {
      const start = (image * inHeight + y) * row;
      const target = ((image * height + y + padInfo.top) * width + padInfo.left) * inChannels;
      to.set(from.subarray(start, start + row), target);
    }
  }
  const result = use(padded);
  release(backend, padded);
  return result;
}

/** Calls `use` with a tensor whose last axis is filled up with zeros to a multiple of 4. @internal */
export function withPaddedChannels<T>(backend: WasmBackend, tensor: TensorInfo, use: (padded: TensorInfo) => T): T {
  const channels = tensor.shape.at(-1)!;
  if (channels % 4 === 0) return use(tensor);
  const paddings = tensor.shape.map((_, axis) => [
    0,
    axis === tensor.shape.length - 1 ? upToFour(channels) - channels : 0,
  ]);
  const padded = runKernel(backend, 'PadV2', { x: tensor }, { paddings, constantValue: 0 });
  const result = use(padded);
  release(backend, padded);
  return result;
}
