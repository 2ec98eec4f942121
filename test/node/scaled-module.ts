/** What the worker threads load, and the test beside it: a classifier of rows with a scale for each feature. */
import * as tf from '@tensorflow/tfjs';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';

/** Grams, millimetres and a column that must not change. */
export const sigma: readonly number[] = [300, 0.7, 0];

export const noise: GaussianNoise = new GaussianNoise({ sigma });

/** Heavy or light, with a doubt about the length. */
export const model = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const side = tf.sum(tf.mul(x, [1 / 300, 0.5, 0.1]), 1, true);
    return tf.concat([side, tf.neg(side)], 1);
  });

export const g: SmoothedClassifier = new SmoothedClassifier(model, { noise, numClasses: 2, inputRange: [-1e4, 1e4] });

export const dataset: LabelledDataset = {
  size: 5,
  shape: [3],
  example: (i) => ({ x: Float32Array.of(200 * (i - 2) + 90, i % 2 ? -0.4 : 0.3, 1), label: i < 2 ? 1 : 0 }),
};

/** Makes the certifier in a thread. */
export async function makeCertifier(): Promise<SmoothedClassifier> {
  await tf.setBackend('cpu');
  return g;
}
