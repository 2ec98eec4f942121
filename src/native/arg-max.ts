import * as tf from '@tensorflow/tfjs';
import type { KernelFunc } from '@tensorflow/tfjs';
import type { NativeBackend } from './backend.ts';
import { float32 } from './operations.ts';

/** Entries below which two operations are not faster than one. */
const WORTHWHILE = 2 ** 12;

/**
 * The index of the largest entry along the last axis, the lowest among equals, in half the time: TensorFlow's `TopKV2` of one entry looks for the maximum
 * with SIMD and then for its place, its `ArgMax` for both at once without. Other axes and types, and short tensors, as shipped.
 * @internal
 */
export function argMaxOf(shipped: KernelFunc): KernelFunc {
  return (call) => {
    const x = call.inputs['x'] as tf.Tensor;
    const [axis] = tf.util.parseAxisParam((call.attrs?.['axis'] ?? 0) as number | number[], x.shape);
    if (axis !== x.rank - 1 || x.dtype !== 'float32' || x.size < WORTHWHILE) return shipped(call);
    const backend = call.backend as NativeBackend;
    const sorted = { name: 'sorted', type: backend.binding.TF_ATTR_BOOL, value: true };
    return tf.tidy(() => {
      const inputs = [x, tf.scalar(1, 'int32')];
      const [, indices] = backend.executeMultipleOutputs('TopKV2', [sorted, float32(backend)], inputs, 2);
      return tf.reshape(indices!, x.shape.slice(0, -1));
    });
  };
}
