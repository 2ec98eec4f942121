import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../../errors.ts';
import { tensorOver } from '../../tensors/own-tensor.ts';
import { assertImage } from './parameter-noise.ts';

/**
 * Gaussian blur that composes exactly: blur by α and then by β is blur by α + β, for every image.
 *
 * The orthonormal cosine transform (DCT-II) of both axes, coefficient (i, j) times exp(−β (π²/2)(i²/H² + j²/W²)), and back: the blur of variance β square pixels with
 * mirrored borders. Kernels that are sampled and cut off do not compose: a certificate speaks of this blur.
 *
 * @param x - an image [height, width] or [height, width, channels]; not disposed
 * @param variance - β in square pixels, at least 0
 * @returns the blurred image, of the same shape; owned by the caller
 * @throws OptionError for a variance below 0, TensorError for what is no image
 * @example
 * ```ts
 * const blurred = cosineBlur(tf.zeros([28, 28, 1]), 2);
 * ```
 * @see the guide to transformations (derived there)
 */
export function cosineBlur(x: tf.Tensor, variance: number): tf.Tensor {
  const call = 'cosineBlur';
  if (!(typeof variance === 'number' && variance >= 0 && variance < Infinity)) {
    throw refusal(OptionError, { call, field: 'variance', value: variance }, 'must be a finite number of at least 0');
  }
  assertImage(call, x.shape);
  return tf.tidy(() => tf.squeeze(blurEach(tf.expandDims(x, 0), Float32Array.of(variance)), [0]));
}

/** Blurs image i of [count, height, width, ...] by variance i; inside a tidy. @internal */
export function blurEach(images: tf.Tensor, variances: Float32Array): tf.Tensor {
  const [count = 0, height = 0, width = 0, channels = 1] = images.shape;
  const planes = tf.reshape(tf.transpose(tf.reshape(images, [count, height, width, channels]), [0, 3, 1, 2]), [
    count * channels,
    height,
    width,
  ]);
  const [rows, columns] = [cosines(height), cosines(width)];
  const spectrum = tf.matMul(tf.matMul(rows, planes), columns, false, true);
  const squares = (n: number): Float32Array => Float32Array.from({ length: n }, (_, k) => (k / n) ** 2);
  const frequencies = tf.add(
    tf.reshape(tensorOver(squares(height), [height], 'float32'), [1, height, 1]),
    tf.reshape(tensorOver(squares(width), [width], 'float32'), [1, 1, width]),
  );
  const each = Float32Array.from({ length: count * channels }, (_, i) => variances[Math.floor(i / channels)] ?? NaN);
  const scaled = tf.mul(frequencies, tf.reshape(tensorOver(each, [each.length], 'float32'), [-1, 1, 1]));
  const damped = tf.mul(spectrum, tf.exp(tf.mul(scaled, -(Math.PI ** 2) / 2)));
  const blurred = tf.matMul(tf.matMul(rows, damped, true, false), columns);
  const back = tf.transpose(tf.reshape(blurred, [count, channels, height, width]), [0, 2, 3, 1]);
  return tf.reshape(back, images.shape);
}

/** The orthonormal DCT-II as a matrix [1, n, n]. */
function cosines(n: number): tf.Tensor {
  const values = Float32Array.from({ length: n * n }, (_, at) => {
    const [k, i] = [Math.floor(at / n), at % n];
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (2 * i + 1) * k) / (2 * n));
  });
  return tensorOver(values, [1, n, n], 'float32');
}
