/** What is measured: the same network, images and noise everywhere. */
import * as tf from '@tensorflow/tfjs';
import { createKey, fillUniforms, foldIn, GaussianNoise, type Key } from 'catrs';
import { lenet } from 'catrs/models';

/** Drives everything. */
export const key: Key = createKey(5);

/** The smoothing noise. */
export const noise = new GaussianNoise({ sigma: 0.25 });

/** Shape of an image. */
export const SHAPE = [28, 28, 1] as const;

/** Values of an image. */
export const DIMENSION = 784;

/** Floating point operations of one forward pass of LeNet on one image: two for each multiplication. */
export const FORWARD_FLOP = 2 * (24 * 24 * 20 * 25 + 8 * 8 * 50 * 500 + 800 * 500 + 500 * 10);

/** The network. */
export function makeLenet(): tf.LayersModel {
  return lenet({ key: foldIn(key, 0) });
}

/** Values of images in [0, 1). */
export function imageValues(count: number): Float32Array {
  const values = new Float32Array(count * DIMENSION);
  fillUniforms(values, { key: foldIn(key, 1), start: 0, dimension: DIMENSION });
  return values;
}

/** A batch of images. */
export function imageBatch(count: number): tf.Tensor4D {
  return tf.tensor4d(imageValues(count), [count, ...SHAPE]);
}

/** Labels 0, 1, ..., 9, 0, ... */
export function labelsOf(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i % 10);
}
