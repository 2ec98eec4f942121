import * as tf from '@tensorflow/tfjs';
import type { KernelFunc } from '@tensorflow/tfjs';

/** What the kernel is called with. */
interface Call {
  readonly inputs: { readonly a: tf.Tensor; readonly b: tf.Tensor };
  readonly attrs: { readonly transposeA: boolean; readonly transposeB: boolean };
}

/** Rows that are computed at once, always: the time of a product as TensorFlow has it, and not too many for a small batch. */
const ROWS = 16;

/**
 * The product of rows and one matrix, with oneDNN, in which a row has the same bits in every batch.
 *
 * A product as a whole has not: oneDNN divides it by its size, and adds in another order for the last rows and in small batches. So the
 * rows are the pixels of images of one height, whose convolution with a filter of 1x1 is the same product: images are computed one by one.
 * Two images at least, since a single one is divided among the threads. Other products as shipped, those with a
 * transposed matrix too: gradients are made of them, which would take twice as long.
 * @internal
 */
export function rowwiseProduct(shipped: KernelFunc): KernelFunc {
  return (call) => {
    const { inputs, attrs } = call as unknown as Call;
    const { a, b } = inputs;
    const isOneMatrix = b.shape.slice(0, -2).every((size) => size === 1) && b.rank <= a.rank;
    const isPlain = !attrs.transposeA && !attrs.transposeB && a.dtype === 'float32' && b.dtype === 'float32';
    if (!isOneMatrix || !isPlain || a.size === 0 || b.size === 0) return shipped(call);
    return tf.tidy(() => product(a, b));
  };
}

function product(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const inner = a.shape.at(-1)!;
  const count = a.size / inner;
  const columns = b.size / inner;
  const images = Math.max(2, Math.ceil(count / ROWS));
  const missing = images * ROWS - count;
  const given = tf.reshape(a, [count, inner]);
  const rows =
    missing === 0
      ? given
      : tf.pad(given, [
          [0, missing],
          [0, 0],
        ]);
  const filter = tf.reshape(b, [1, 1, inner, columns]) as tf.Tensor4D;
  const pixels = tf.conv2d(tf.reshape(rows, [images, ROWS, 1, inner]) as tf.Tensor4D, filter, 1, 'valid');
  const all = tf.reshape(pixels, [images * ROWS, columns]);
  const wanted = missing === 0 ? all : tf.slice(all, 0, count);
  return tf.reshape(wanted, [...a.shape.slice(0, -1), columns]);
}
