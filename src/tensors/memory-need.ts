import * as tf from '@tensorflow/tfjs';

/** Memory that something needed, in bytes. @internal */
export interface MemoryNeed {
  /** All tensors that were there at once, without those that were there before. */
  readonly peak: number;
  /** The largest tensor. */
  readonly largest: number;
}

/**
 * Runs something synchronous and measures its memory, kernel by kernel: TensorFlow.js counts tensors only at the moment of asking. A view
 * counts as a tensor of its own, what a kernel needs inside itself is not seen.
 * @internal
 */
export function measureMemory<T>(run: () => T): { readonly result: T; readonly need: MemoryNeed } {
  const engine = tf.engine();
  const { state } = engine;
  const before = state.numBytes;
  let [peak, largest] = [0, 0];
  const inner = Object.getOwnPropertyDescriptor(engine, 'runKernel');
  const runKernel = engine.runKernel.bind(engine);
  engine.runKernel = (...call) => {
    const results = runKernel(...call);
    peak = Math.max(peak, state.numBytes - before);
    for (const { size } of [results].flat()) largest = Math.max(largest, BYTES * size);
    return results as never;
  };
  try {
    return { result: run(), need: { peak, largest } };
  } finally {
    Reflect.deleteProperty(engine, 'runKernel');
    if (inner) Object.defineProperty(engine, 'runKernel', inner);
  }
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Memory of a backend, in bytes. @internal */
export interface MemoryRoom {
  /** What all tensors together may still take. */
  readonly free: number;
  /** What one tensor may take. */
  readonly tensor: number;
}

/** All that a pointer of WebAssembly can reach, less what kernels take for themselves. */
const WASM_BYTES = 2 ** 32 - 2 ** 28;
/** Where the machine does not say. */
const OTHER_BYTES = 2 ** 32;

/** What the current backend can still hold, as far as it says. @internal */
export function memoryRoom(): MemoryRoom {
  const name = tf.getBackend();
  const { numBytes } = tf.memory();
  const { device } = tf.backend() as { readonly device?: { readonly limits?: Readonly<Record<string, number>> } };
  const { maxBufferSize = Infinity, maxStorageBufferBindingSize = Infinity } = device?.limits ?? {};
  return {
    free: Math.max(0, (name === 'wasm' ? WASM_BYTES : OTHER_BYTES) - numBytes),
    tensor: Math.min(maxBufferSize, maxStorageBufferBindingSize),
  };
}
