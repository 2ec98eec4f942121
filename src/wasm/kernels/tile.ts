import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { assertShipped, type KernelCall, type TrainingKernel } from './kernel.ts';

/**
 * Repeats a tensor along its axes, by copying ever larger blocks.
 *
 * The gradient of batch normalisation tiles one number a channel to the size of the whole input; the shipped kernel, which finds
 * each element's place on its own, takes a third of a ResNet's training step for that.
 *
 * @internal
 */
export const tile: TrainingKernel = { kernelName: 'Tile', build: copyBlocks };

type Values = Float32Array | Int32Array | Uint8Array;

function copyBlocks(shipped: KernelFunc | undefined): (call: KernelCall) => TensorInfo {
  assertShipped(shipped);
  return ({ backend, inputs, attrs }) => {
    const { x } = inputs as { x: TensorInfo };
    const reps = attrs['reps'] as number[];
    if (x.dtype === 'string' || reps.length !== x.shape.length) {
      return shipped({ inputs: { x }, backend, attrs }) as TensorInfo;
    }
    const y = backend.makeOutput(
      x.shape.map((extent, axis) => extent * reps[axis]!),
      x.dtype,
    );
    const to = backend.typedArrayFromHeap(y) as Values;
    if (to.length > 0) repeatInto(to, backend.typedArrayFromHeap(x) as Values, x.shape, reps);
    return y;
  };
}

/** Fills `to`, from the last axis to the first; each axis repeats the blocks that the axes behind it have made. */
function repeatInto(to: Values, from: Values, shape: readonly number[], reps: readonly number[]): void {
  to.set(from);
  let block = 1;
  let filled = from.length;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const times = reps[axis]!;
    block *= shape[axis]!;
    if (times > 1) {
      // From the last block to the first, because the copies overwrite what follows.
      for (let i = filled / block - 1; i >= 0; i--) repeatBlock(to, i * block, i * block * times, block, times);
      filled *= times;
      block *= times;
    }
  }
}

/** Copies a block to `start` and then doubles what is there until it stands there `times` times. */
function repeatBlock(values: Values, block: number, start: number, length: number, times: number): void {
  values.copyWithin(start, block, block + length);
  const end = length * times;
  for (let done = length; done < end; done *= 2) {
    values.copyWithin(start + done, start, start + Math.min(done, end - done));
  }
}
