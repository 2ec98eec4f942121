import * as tf from '@tensorflow/tfjs';
import { type FixtureArray, readFixture, type Tolerance } from '../helpers/fixtures.ts';
import type { TinyCnnFixture } from '../helpers/tiny-cnn.ts';

/** One case of smoothadv.json. */
export interface SmoothAdvCase {
  readonly attack: 'PGD_L2' | 'DDN';
  readonly num_noise_vectors: number;
  readonly steps: number;
  readonly no_grad: boolean;
  readonly max_norm: number;
  readonly init_norm: number;
  readonly gamma: number;
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly labels: readonly number[];
  readonly noise: FixtureArray;
  readonly adv: FixtureArray;
  readonly delta_norm: FixtureArray;
}

interface SmoothAdvFixture {
  readonly sigma: number;
  readonly tolerance: { readonly attack: Tolerance };
  readonly cases: readonly SmoothAdvCase[];
}

/** Golden numbers of the attacks of SmoothAdv. */
export const readSmoothAdv = (): Promise<SmoothAdvFixture> => readFixture('smoothadv.json');

/** Copies of an image side by side, [B·M, ...], as noise [M, B, ...]. */
export function noiseMajor(copies: tf.Tensor, numNoise: number): tf.Tensor {
  const [rows = 0, ...inputShape] = copies.shape;
  const batch = rows / numNoise;
  return tf.tidy(() => {
    // Rank 3: the WebGPU backend cannot tile at rank 5.
    const byImage = tf.reshape(copies, [batch, numNoise, copies.size / rows]);
    return tf.reshape(tf.transpose(byImage, [1, 0, 2]), [numNoise, batch, ...inputShape]);
  });
}

/** Every image once for each of its noises, as the official code returns it: [B, ...] gives [B·M, ...]. */
export function imageMajor(images: tf.Tensor, numNoise: number): tf.Tensor {
  const [batch = 0, ...inputShape] = images.shape;
  return tf.tidy(() => {
    const tiled = tf.tile(tf.reshape(images, [batch, 1, images.size / batch]), [1, numNoise, 1]);
    return tf.reshape(tiled, [batch * numNoise, ...inputShape]);
  });
}
