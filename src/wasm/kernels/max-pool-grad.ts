import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { Simd, SimdOf } from '../simd/instance.ts';
import { type ConvGeometry, poolGeometry, withFittingGradient } from './conv-geometry.ts';
import type { KernelCall, TrainingKernel } from './kernel.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * Gradient of max pooling: each `dy` goes to the first largest entry of its window, in row-major order; to none where all are NaN or
 * -Infinity.
 *
 * Four channels at a time by SIMD, the last `channels mod 4` by a plain loop over the heap. The shipped kernel takes 9 times as
 * long.
 *
 * @internal
 */
export const maxPoolGrad: TrainingKernel = {
  kernelName: 'MaxPoolGrad',
  build: (_, simdOf) => (call) => poolGradient(call, simdOf),
};

function poolGradient({ backend, inputs, attrs }: KernelCall, simdOf: SimdOf): TensorInfo {
  const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
  const geometry = poolGeometry(input.shape, attrs);
  const simd = simdOf(backend);
  return withFittingGradient(backend, dy, geometry, (fitting) =>
    simd !== undefined && isQuartered(geometry)
      ? quartersToLargest(backend, simd, fitting, input, geometry)
      : eachToLargest(backend, simd, fitting, input, geometry),
  );
}

/** Whether windows of 2x2 lie side by side, all inside the input, with channels enough for the loop. */
function isQuartered({ filterHeight, filterWidth, strideHeight, strideWidth, ...rest }: ConvGeometry): boolean {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, padInfo } = rest;
  return (
    [filterHeight, filterWidth, strideHeight, strideWidth].every((n) => n === 2) &&
    padInfo.top + padInfo.left === 0 &&
    2 * outHeight <= inHeight &&
    2 * outWidth <= inWidth &&
    inChannels >= 4
  );
}

/** The most common case, in one pass: no two windows share an entry, so all are written and none is added to. */
function quartersToLargest(
  backend: WasmBackend,
  simd: Simd,
  dy: TensorInfo,
  input: TensorInfo,
  { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth }: ConvGeometry,
): TensorInfo {
  const dx = allocate(backend, input.shape);
  // A last row or column that no window reaches.
  if (2 * outHeight < inHeight || 2 * outWidth < inWidth) floatsOf(backend, dx).fill(0);
  const [x, to, from] = [input, dx, dy].map((tensor) => addressOf(backend, tensor)) as [number, number, number];
  const [pixel, fours] = [BYTES * inChannels, Math.ceil(inChannels / 4)];
  for (let image = 0; image < batchSize; image++) {
    const at = image * inHeight * inWidth * pixel;
    simd.poolGradient2x2(
      ...[x + at, to + at, from + image * outHeight * outWidth * pixel, outHeight, outWidth],
      ...[inWidth * pixel, pixel, fours, BYTES * (inChannels - 4)],
    );
  }
  return dx;
}

function eachToLargest(
  backend: WasmBackend,
  simd: Simd | undefined,
  dy: TensorInfo,
  input: TensorInfo,
  geometry: ConvGeometry,
): TensorInfo {
  const { inChannels } = geometry;
  const fours = simd === undefined ? 0 : Math.floor(inChannels / 4);
  const dx = allocate(backend, input.shape);
  const table = backend.makeOutput([geometry.filterHeight * geometry.filterWidth], 'int32');
  const window = backend.typedArrayFromHeap(table) as Int32Array;
  // Nothing is allocated below, so that the views of the heap stay valid.
  const arrays = { x: floatsOf(backend, input), dy: floatsOf(backend, dy), dx: floatsOf(backend, dx).fill(0) };
  const [tableAt, xAt, dxAt, dyAt] = [table, input, dx, dy].map((tensor) => addressOf(backend, tensor)) as Four;
  let from = 0;
  eachWindow(window, geometry, (entries) => {
    if (simd !== undefined && fours > 0 && entries > 0)
      simd.poolGradient(tableAt, entries, xAt, dxAt, dyAt + BYTES * from, fours);
    for (let channel = 4 * fours; channel < inChannels; channel++) {
      addToLargest(arrays, window, entries, channel, from + channel);
    }
    from += inChannels;
  });
  release(backend, table);
  return dx;
}

type Four = [number, number, number, number];

/** Writes, for each output position, where the entries of its window begin (in bytes, channel 0, without the padding). */
function eachWindow(window: Int32Array, geometry: ConvGeometry, use: (entries: number) => void): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth, padInfo } =
    geometry;
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      const top = row * geometry.strideHeight - padInfo.top;
      for (let column = 0; column < outWidth; column++) {
        const left = column * geometry.strideWidth - padInfo.left;
        let entries = 0;
        for (let y = Math.max(0, top); y < Math.min(inHeight, top + filterHeight); y++) {
          for (let x = Math.max(0, left); x < Math.min(inWidth, left + filterWidth); x++) {
            window[entries++] = BYTES * ((image * inHeight + y) * inWidth + x) * inChannels;
          }
        }
        use(entries);
      }
    }
  }
}

function addToLargest(
  { x, dy, dx }: { readonly x: Float32Array; readonly dy: Float32Array; readonly dx: Float32Array },
  window: Int32Array,
  entries: number,
  channel: number,
  from: number,
): void {
  let best = -1;
  let largest = -Infinity;
  for (let i = 0; i < entries; i++) {
    const candidate = window[i]! / BYTES + channel;
    if (x[candidate]! > largest) {
      best = candidate;
      largest = x[candidate]!;
    }
  }
  if (best >= 0) dx[best]! += dy[from]!;
}
