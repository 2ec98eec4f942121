import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { encodeNpy } from '../../src/data/npy.ts';
import { saveModel } from '../../src/node/save-model.ts';

/** Images of the tiny data set. */
export const SIZE = 24;
const DIMENSION = 16;

/** Images of 4 x 4 between which a plane runs, at many distances: values in [0, 1], and their classes. */
export function tinyImages(): { readonly values: Float32Array; readonly labels: Uint8Array } {
  const values = new Float32Array(SIZE * DIMENSION);
  const labels = new Uint8Array(SIZE);
  for (let i = 0; i < SIZE; i++) {
    const mean = (i + 0.5) / SIZE;
    for (let j = 0; j < DIMENSION; j++)
      values[i * DIMENSION + j] = Math.min(1, Math.max(0, mean + 0.1 * Math.sin(i + j)));
    labels[i] = mean > 0.5 ? 1 : 0;
  }
  return { values, labels };
}

/** A linear model of two classes: is the mean of the image above 1/2? */
export function tinyModel({ softmax = false, shape = [4, 4, 1] } = {}): tf.LayersModel {
  const size = shape.reduce((product, length) => product * length, 1);
  const dense = tf.layers.dense({ units: 2, ...(softmax && { activation: 'softmax' as const }) });
  const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: shape }), dense] });
  const weights = Float32Array.from({ length: 2 * size }, (_, i) => (i % 2 === 0 ? -1 : 1));
  tf.tidy(() => dense.setWeights([tf.tensor(weights, [size, 2]), tf.tensor([size / 2, -size / 2])]));
  return model;
}

/** Writes x.npy, y.npy and the model into a folder. */
export async function writeTiny(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { values, labels } = tinyImages();
  await writeFile(join(folder, 'x.npy'), encodeNpy({ dtype: 'float32', shape: [SIZE, 4, 4, 1], data: values }));
  await writeFile(join(folder, 'y.npy'), encodeNpy({ dtype: 'uint8', shape: [SIZE], data: labels }));
  await saveTiny(join(folder, 'model'));
}

/** Saves a tiny model. */
export async function saveTiny(folder: string, options: Parameters<typeof tinyModel>[0] = {}): Promise<void> {
  const model = tinyModel(options);
  await saveModel(model, folder);
  model.dispose();
}
