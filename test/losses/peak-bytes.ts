import * as tf from '@tensorflow/tfjs';

interface BufferInfo {
  readonly bytes: number;
}

/** What a piece of work held, in bytes of tensor buffers beyond those that were there before. */
export interface PeakBytes {
  /** The most at any moment, also in the middle of a `tidy`, of a kernel or of the backward pass. */
  readonly peak: number;
  /** What it left. */
  readonly left: number;
}

/**
 * Runs something synchronous and measures the buffers of the tensors that are alive in it.
 *
 * The engine enters every new buffer in a map and takes it out when its last tensor is disposed; this listens at that map.
 * `tf.memory().numBytes`, and with it `tf.profile(...).peakBytes`, count a buffer once for every tensor that shares it (clones, reshaped
 * tensors, what the tape saves), so they overstate the peak of a training step. Not seen: scratch memory inside a kernel that never
 * becomes a tensor, and typed arrays of JavaScript that are on their way into one.
 */
export function peakBytes(run: () => void): PeakBytes {
  const buffers = tf.engine().state.tensorInfo as WeakMap<object, BufferInfo>;
  let held = 0;
  let peak = 0;
  const listening = {
    set(id: object, info: BufferInfo) {
      held += info.bytes;
      peak = Math.max(peak, held);
      return WeakMap.prototype.set.call(buffers, id, info) as typeof buffers;
    },
    delete(id: object) {
      held -= buffers.get(id)?.bytes ?? 0;
      return WeakMap.prototype.delete.call(buffers, id);
    },
  };
  Object.assign(buffers, listening);
  try {
    run();
  } finally {
    for (const name of Object.keys(listening)) Reflect.deleteProperty(buffers, name); // the methods of the prototype are back
  }
  return { peak, left: held };
}
