/** Moves the output of a model as far as it goes: projected gradient ascent on the distance to where it is, for one image. */
import * as tf from '@tensorflow/tfjs';
import { fillNormals, foldIn, type Key } from 'catrs';
import { DIGIT_SHAPE } from '../load-digits.ts';

/** How to attack. */
export interface PushAway {
  /** ℓ2 length of the change. */
  readonly radius: number;
  readonly steps: number;
  /** Noisy copies in each step, whose mean output is moved; 0 attacks the model at the image itself. */
  readonly numNoise: number;
  readonly sigma: number;
  readonly key: Key;
}

const PIXELS = 28 * 28;

/** The attacked image: within the radius, and with pixels in [0, 1]. */
export async function pushAway(model: tf.LayersModel, image: Float32Array, attack: PushAway): Promise<Float32Array> {
  const { radius, steps, numNoise, sigma, key } = attack;
  const clean = tf.tensor(image, [1, ...DIGIT_SHAPE]);
  const from = tf.tidy(() => model.predict(clean) as tf.Tensor);
  const start = normals(foldIn(key, 0), 1);
  let moved = tf.tidy(() => project(tf.add(clean, tf.mul(start, 1e-2)), clean, radius));
  for (let step = 1; step <= steps; step++) {
    const noise = numNoise === 0 ? tf.zeros([1, ...DIGIT_SHAPE]) : normals(foldIn(key, step), numNoise);
    const next = tf.tidy(() => {
      const far = (x: tf.Tensor): tf.Scalar => {
        const outputs = model.apply(tf.add(x, tf.mul(noise, sigma))) as tf.Tensor;
        return tf.sum(tf.squaredDifference(tf.mean(outputs, 0, true), from)) as tf.Scalar;
      };
      const gradient = tf.grad(far)(moved);
      const direction = tf.div(gradient, tf.maximum(tf.norm(gradient), 1e-12));
      return project(tf.add(moved, tf.mul(direction, (2.5 * radius) / steps)), clean, radius);
    });
    tf.dispose([moved, noise]);
    moved = next;
  }
  const values = await moved.data<'float32'>();
  tf.dispose([clean, from, start, moved]);
  return Float32Array.from(values);
}

/** Standard normal noise [count, 28, 28, 1]. */
function normals(key: Key, count: number): tf.Tensor {
  const values = new Float32Array(count * PIXELS);
  fillNormals(values, { key, start: 0, dimension: PIXELS });
  return tf.tensor(values, [count, ...DIGIT_SHAPE]);
}

/** Into the ball, then into [0, 1], which shortens the change only. The ball is a little smaller than said, for roundings. */
function project(x: tf.Tensor, clean: tf.Tensor, radius: number): tf.Tensor {
  const change = tf.sub(x, clean);
  const factor = tf.minimum(1, tf.div(radius * (1 - 1e-5), tf.maximum(tf.norm(change), 1e-12)));
  return tf.clipByValue(tf.add(clean, tf.mul(change, factor)), 0, 1);
}

/** Outputs of a model at images, one after the other. */
export async function outputsOf(model: tf.LayersModel, images: Float32Array): Promise<Float32Array[]> {
  const count = images.length / PIXELS;
  const found = tf.tidy(() => model.predict(tf.tensor(images, [count, ...DIGIT_SHAPE])) as tf.Tensor);
  const values = await found.data<'float32'>();
  found.dispose();
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) => Float32Array.from(values.subarray(i * size, (i + 1) * size)));
}
