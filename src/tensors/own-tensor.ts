import * as tf from '@tensorflow/tfjs';

type Dtype = 'float32' | 'int32' | 'bool';
type Numbers = Float32Array | Int32Array | Uint8Array | readonly number[];

// The only file that makes tensors of arrays: the CPU and WebGPU backends and the native one keep the array that `tf.tensor` is given, so
// whoever writes to it later changes the tensor. A test holds the sources to it.

/** A tensor of a copy of the values: for an array that anybody else may write to. @internal */
export function tensorOfCopy(values: Numbers, shape: readonly number[], dtype: Dtype): tf.Tensor {
  // The WASM backend copies what it is given.
  return tensorOver(tf.getBackend() === 'wasm' ? values : values.slice(), shape, dtype);
}

/** A tensor that takes the array over: only for one that was made for it, and that nobody writes to again. @internal */
export function tensorOver(values: Numbers, shape: readonly number[], dtype: Dtype): tf.Tensor {
  return tf.tensor(values as Float32Array, [...shape], dtype);
}

/**
 * Gives arrays for the values of new tensors, to be filled and handed to {@link tensorOver} at once. The WASM backend copies them there, so
 * the next tensor can have the same array.
 *
 * @internal
 */
export function arraysForTensors(): (length: number) => Float32Array<ArrayBuffer> {
  let last = new Float32Array();
  return (length) => {
    if (tf.getBackend() !== 'wasm') return new Float32Array(length);
    if (last.length < length) last = new Float32Array(length);
    return last.subarray(0, length);
  };
}

/** What the WASM backend has: its memory as arrays. */
interface Heap {
  typedArrayFromHeap(tensor: tf.Tensor): Float32Array | Int32Array;
}

/**
 * Copies the values of a float32 tensor into an array, which may be shared with threads; on the WASM backend straight from its memory, at once.
 *
 * @internal
 */
export async function copyValues(tensor: tf.Tensor, into: Float32Array): Promise<void> {
  if (tf.getBackend() !== 'wasm' || tensor.isDisposed) return into.set(await tensor.data<'float32'>());
  into.set((tf.backend() as unknown as Heap).typedArrayFromHeap(tensor));
}

/**
 * The values of a float32 tensor where they lie, on the backend whose memory this program sees: to be read at once, and never written or kept.
 *
 * @internal
 */
export function valuesInMemory(tensor: tf.Tensor): Float32Array | undefined {
  return arrayInMemory(tensor, 'float32') as Float32Array | undefined;
}

/** The same of an int32 tensor. @internal */
export function integersInMemory(tensor: tf.Tensor): Int32Array | undefined {
  return arrayInMemory(tensor, 'int32') as Int32Array | undefined;
}

function arrayInMemory(tensor: tf.Tensor, dtype: Dtype): Float32Array | Int32Array | undefined {
  if (tf.getBackend() !== 'wasm' || tensor.isDisposed || tensor.dtype !== dtype) return undefined;
  return (tf.backend() as unknown as Heap).typedArrayFromHeap(tensor);
}

/**
 * A tensor with the values that `x` has now, in memory of its own; the caller owns it.
 *
 * A clone, a slice or a reshape shares the memory of `x`, which on some backends is an array of the host. To join two halves copies them, bit
 * by bit, on every backend and at the speed of memory; flat, because WebGPU has no more than four axes for it.
 * @internal
 */
export function copyOf<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => {
    const flat = tf.reshape(x, [x.size]);
    const half = Math.floor(x.size / 2);
    const joined = half === 0 ? tf.tile(flat, [1]) : tf.concat([tf.slice(flat, 0, half), tf.slice(flat, half)]);
    return tf.reshape(joined, x.shape);
  }) as T;
}

/**
 * Runs what makes tensors and waits in between: those that it keeps are freed if it throws.
 *
 * @param run - is given `keep`, which hands its argument on, and a function that frees all that is kept
 * @internal
 */
export async function keeping<R>(
  run: (keep: <T extends { dispose(): void }>(one: T) => T, disposeAll: () => void) => Promise<R>,
): Promise<R> {
  const kept: { dispose(): void }[] = [];
  const disposeAll = (): void => kept.forEach((one) => one.dispose());
  try {
    return await run((one) => {
      kept.push(one);
      return one;
    }, disposeAll);
  } catch (error) {
    disposeAll();
    throw error;
  }
}

/** An object whose tensors are freed together. */
type Disposable<T> = T & { dispose(): void; [Symbol.dispose](): void };

/**
 * Builds an object of tensors and adds `dispose` and `[Symbol.dispose]`, which free them once.
 *
 * Everything else that `build` makes is freed at once, everything if it throws. The tensors must be new ones.
 * @internal
 */
export function withDispose<T extends tf.TensorContainerObject>(build: () => T): Disposable<T> {
  const tensors = tf.tidy(build);
  const dispose = (): void => {
    for (const value of Object.values(tensors)) if (value instanceof tf.Tensor && !value.isDisposed) value.dispose();
  };
  return { ...tensors, dispose, [Symbol.dispose]: dispose };
}
