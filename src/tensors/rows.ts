import * as tf from '@tensorflow/tfjs';
import { tensorOver } from './own-tensor.ts';

/** Entries of a tensor along an axis, by their places, as a new tensor; not meant for the tape. @internal */
export function rowsOf<T extends tf.Tensor>(x: T, places: readonly number[], axis = 0): T {
  return tf.tidy(() => tf.gather(x, placesOf(places), axis) as T);
}

/** Places as an index for `tf.gather`. @internal */
export function placesOf(places: readonly number[]): tf.Tensor1D {
  return tensorOver(Int32Array.from(places), [places.length], 'int32') as tf.Tensor1D;
}

/** Where rows that were taken out of `size` belong. @internal */
export interface Places extends tf.TensorContainerObject {
  /** The place of each row, int32 [R]. */
  readonly of: tf.Tensor1D;
  /** For each of the places its row, R where there is none, int32 [size]. */
  readonly at: tf.Tensor1D;
}

/** The index in both directions; the tensors are the caller's. @internal */
export function placesAmong(size: number, places: readonly number[]): Places {
  const at = new Int32Array(size).fill(places.length);
  places.forEach((place, row) => (at[place] = row));
  return { of: placesOf(places), at: tensorOver(at, [size], 'int32') as tf.Tensor1D };
}

/**
 * Puts numbers [R] back to their places, [size], with 0 in between; on the tape too.
 *
 * The gradient of `tf.gather` would scatter, which not every backend can: that of this one gathers.
 * @internal
 */
export function putBack(numbers: tf.Tensor1D, { of, at }: Places): tf.Tensor1D {
  const put = tf.customGrad((x) => ({
    value: tf.gather(tf.concat([x as tf.Tensor1D, tf.zeros([1])]), at),
    gradFunc: (dy: tf.Tensor) => tf.gather(dy, of),
  }));
  return put(numbers) as tf.Tensor1D;
}
