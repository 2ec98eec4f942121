import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import { assertShipped, type TrainingKernel } from './kernel.ts';
import { onCpu } from './on-cpu.ts';

/**
 * A part of a tensor. Rows that lie one after the other are one copy; the shipped kernel copies the whole tensor first.
 *
 * Beyond the end the shipped kernel reads the memory of other tensors; `cpu` refuses.
 *
 * @internal
 */
export const slice: TrainingKernel = {
  kernelName: 'Slice',
  build: (shipped) => {
    assertShipped(shipped);
    const right = onCpu('Slice');
    return (call) => {
      const { backend, inputs, attrs } = call;
      const { x } = inputs as { x: TensorInfo };
      const { begin, size } = attrs as unknown as Record<'begin' | 'size', number | number[]>;
      const [from, extent] = tf.slice_util.parseSliceParams(x, begin, size) as [number[], number[]];
      if (!x.shape.every((length, axis) => from[axis]! >= 0 && from[axis]! + extent[axis]! <= length))
        return right(call);
      if (!tf.slice_util.isSliceContinous(x.shape, from, extent))
        return shipped({ inputs, backend, attrs }) as TensorInfo;
      const first = tf.slice_util.computeFlatOffset(from, tf.util.computeStrides(x.shape));
      const y = backend.makeOutput(extent, x.dtype);
      const to = backend.typedArrayFromHeap(y);
      to.set(backend.typedArrayFromHeap(x).subarray(first, first + to.length));
      return y;
    };
  },
};
