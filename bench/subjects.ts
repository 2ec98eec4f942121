/** What is measured: the same networks, images and noise everywhere. */
import * as tf from '@tensorflow/tfjs';
import { createKey, fillUniforms, foldIn, GaussianNoise, type Key } from 'catrs';
import { cifarResnet, imageStatistics, lenet } from 'catrs/models';

/** Drives everything. */
export const key: Key = createKey(5);

/** Its standard deviation. */
export const SIGMA = 0.25;

/** The smoothing noise. */
export const noise = new GaussianNoise({ sigma: SIGMA });

/** Shape of an image of LeNet. */
export const SHAPE = [28, 28, 1] as const;

/** Values of such an image. */
export const DIMENSION = 784;

/** Networks by name. */
export const networks = {
  lenet: { shape: SHAPE, make: () => makeLenet() },
  resnet20: { shape: [32, 32, 3], make: () => makeResnet(20) },
  resnet110: { shape: [32, 32, 3], make: () => makeResnet(110) },
  /** Stands for the others where a run only shows that it runs. */
  resnet8: { shape: [32, 32, 3], make: () => makeResnet(8) },
} as const satisfies Record<string, { readonly shape: readonly number[]; readonly make: () => tf.LayersModel }>;

/** The name of a network. */
export type NetworkName = keyof typeof networks;

/** Floating point operations of one forward pass of LeNet on one image: two for each multiplication. */
export const FORWARD_FLOP = 2 * (24 * 24 * 20 * 25 + 8 * 8 * 50 * 500 + 800 * 500 + 500 * 10);

/** LeNet with its initial weights. */
export function makeLenet(): tf.LayersModel {
  return lenet({ key: foldIn(key, 0) });
}

function makeResnet(depth: number): tf.LayersModel {
  return cifarResnet({ key: foldIn(key, 0), depth, ...imageStatistics.cifar10 });
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
