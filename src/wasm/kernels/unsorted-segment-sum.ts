import type { TensorInfo } from '@tensorflow/tfjs';

import type { KernelCall, TrainingKernel } from './training-kernel.ts';

/**
 * `y[s, ...] = Σ x[i, ...]` over the i with `segmentIds[i] = s`: the gradient of `tf.gather`. Missing from the backend.
 *
 * Ids outside [0, numSegments) are left out, as on the other backends.
 *
 * @internal
 */
export const unsortedSegmentSum: TrainingKernel = { kernelName: 'UnsortedSegmentSum', build: () => sumSegments };

function sumSegments({ backend, inputs, attrs }: KernelCall): TensorInfo {
  const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
  const numSegments = attrs['numSegments'] as number;
  const rowShape = x.shape.slice(1);
  const y = backend.makeOutput([numSegments, ...rowShape], x.dtype);
  const rowSize = rowShape.reduce((size, extent) => size * extent, 1);
  const sums = backend.typedArrayFromHeap(y).fill(0);
  const values = backend.typedArrayFromHeap(x);
  const ids = backend.typedArrayFromHeap(segmentIds);
  // An id may stand for a whole row or, when segmentIds has more axes, for a part of one.
  const valuesPerId = values.length / ids.length;
  for (let i = 0; i < values.length; i++) {
    const id = ids[Math.floor(i / valuesPerId)]!;
    if (id >= 0 && id < numSegments) sums[id * rowSize + (i % rowSize)]! += values[i]!;
  }
  return y;
}
