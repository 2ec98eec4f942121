import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { VOTES_KERNEL, type VotesAttributes } from '../../src/tensors/device-kernels.ts';
import { hostVotes } from './host-votes.ts';

// The kernel of catrs/webgpu in plain loops, on the CPU backend: how batches overlap does not depend on who counts.
function registerCounter(): void {
  tf.registerKernel({
    kernelName: VOTES_KERNEL,
    backendName: 'cpu',
    kernelFunc: ({ inputs, backend, attrs }) => {
      const logits = inputs['logits'] as tf.TensorInfo;
      expect(logits.dtype).toBe('float32');
      const { readSync } = backend as unknown as { readSync: (dataId: object) => Float32Array };
      const values = readSync.call(backend, logits.dataId);
      const { begin, end, first, every } = attrs as unknown as VotesAttributes;
      const numClasses = logits.shape[1]!;
      const out: number[] = [];
      for (let at = begin, size = first; at < end; at += size, size = every) {
        const rows: number[][] = [];
        for (let row = at; row < Math.min(at + size, end); row++) {
          rows.push(Array.from(values.subarray(row * numClasses, (row + 1) * numClasses)));
        }
        const { counts, refused, firstRefused } = hostVotes(rows, numClasses);
        out.push(...counts, refused, new Int32Array(Float32Array.of(firstRefused ?? 0).buffer)[0]!);
      }
      return tf.tensor1d(out, 'int32');
    },
  });
}

/** Works while the CPU backend counts votes as a device does: with several batches on their way. */
export async function counted<T>(work: () => Promise<T>): Promise<T> {
  registerCounter();
  try {
    return await work();
  } finally {
    tf.unregisterKernel(VOTES_KERNEL, 'cpu');
  }
}
