import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import type { KernelCall, TrainingKernel } from './kernel.ts';
import { onCpu } from './on-cpu.ts';

/** From this length on, copying an array costs less than its entries one by one. */
const LONG = 16;

/**
 * A part of a tensor, in runs that lie side by side in both: the shipped kernel copies the channels of each pixel by themselves.
 *
 * Beyond the end the shipped kernel reads the memory of other tensors; `cpu` refuses.
 *
 * @internal
 */
export const slice: TrainingKernel = {
  kernelName: 'Slice',
  build: () => (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { begin, size } = call.attrs as unknown as Record<'begin' | 'size', number | number[]>;
    const [from, extent] = tf.slice_util.parseSliceParams(x, begin, size) as [number[], number[]];
    const fits = x.shape.every((length, axis) => from[axis]! >= 0 && from[axis]! + extent[axis]! <= length);
    return fits ? copyPart(call, x, from, extent) : onCpu('Slice')(call);
  },
};

function copyPart({ backend }: KernelCall, x: TensorInfo, begin: number[], size: number[]): TensorInfo {
  const result = backend.makeOutput(size, x.dtype);
  const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(result)];
  const strides = [...tf.util.computeStrides(x.shape), 1];
  // Axes behind this one are taken whole.
  const last = Math.max(
    0,
    x.shape.findLastIndex((length, axis) => size[axis] !== length),
  );
  const run = tf.util.sizeFromShape(size.slice(last));
  const start = begin.reduce((offset, first, axis) => offset + first * strides[axis]!, 0);
  for (let at = 0; at < to.length; at += run) {
    let offset = start;
    for (let axis = last - 1, index = at / run; axis >= 0; axis--) {
      offset += (index % size[axis]!) * strides[axis]!;
      index = Math.floor(index / size[axis]!);
    }
    if (run >= LONG) to.set(from.subarray(offset, offset + run), at);
    else for (let i = 0; i < run; i++) to[at + i] = from[offset + i]!;
  }
  return result;
}
