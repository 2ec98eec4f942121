import * as tf from '@tensorflow/tfjs';
import { tensorOver } from './own-tensor.ts';

/** Entries of a tensor along an axis, by their places, as a new tensor; not meant for the tape. @internal */
export function rowsOf<T extends tf.Tensor>(x: T, places: readonly number[], axis = 0): T {
  return tf.tidy(() => tf.gather(x, placesOf(places), axis) as T);
}

/** Places as an index for `tf.gather`. */
function placesOf(places: readonly number[]): tf.Tensor1D {
  return tensorOver(Int32Array.from(places), [places.length], 'int32') as tf.Tensor1D;
}

/** The places of the entries that are not 0, NaN among them. @internal */
export function placesIn(indicators: ArrayLike<number>): number[] {
  return Array.from(indicators, (indicator, place) => (indicator === 0 ? -1 : place)).filter((place) => place >= 0);
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
 * Puts rows [R, ...] back to their places, [size, ...], with 0 in between; on the tape too.
 *
 * The gradient of `tf.gather` would scatter, which not every backend can: that of this one gathers.
 * @internal
 */
export function putBack<T extends tf.Tensor>(rows: T, places: Places): T {
  const put = tf.customGrad((x) => ({
    value: scattered(x as tf.Tensor, places),
    gradFunc: (dy: tf.Tensor) => tf.gather(dy, places.of),
  }));
  return put(rows) as T;
}

/** Takes rows [size, ...] from their places, [R, ...]; on the tape too. @internal */
export function takeOut<T extends tf.Tensor>(rows: T, places: Places): T {
  const take = tf.customGrad((x) => ({
    value: tf.gather(x as tf.Tensor, places.of),
    gradFunc: (dy: tf.Tensor) => scattered(dy, places),
  }));
  return take(rows) as T;
}

function scattered(rows: tf.Tensor, { at }: Places): tf.Tensor {
  return tf.gather(tf.concat([rows, tf.zeros([1, ...rows.shape.slice(1)])]), at);
}
