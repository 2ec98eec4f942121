/**
 * Trains an autoencoder of digits: an encoder to 16 numbers and a decoder back to the image, with noise on the inputs, or without.
 */
import * as tf from '@tensorflow/tfjs';
import { fillNormals, foldIn, type Key, split, trainableVariables } from 'catrs';
import { trainingBatches } from 'catrs/recipes';
import { DIGIT_SHAPE, type Digits } from '../load-digits.ts';
import { arrayDataset } from 'catrs/data';

/** An autoencoder as two models: what it makes of an image, and the numbers in between. */
export interface Autoencoder {
  /** [batch, 28, 28, 1] to [batch, 16]. */
  readonly encoder: tf.LayersModel;
  /** [batch, 28, 28, 1] to [batch, 28, 28, 1]. */
  readonly whole: tf.LayersModel;
}

/** How to train. */
export interface AutoencoderTraining {
  readonly epochs: number;
  /** Standard deviation of the noise on the inputs; 0 for none. */
  readonly sigma: number;
  readonly key: Key;
  /** Told after each epoch: the mean square error of its last batch. */
  readonly onEpoch: (epoch: number, loss: number) => void;
}

const PIXELS = 28 * 28;
const LATENT = 16;
const BATCH = 64;

/** The layers, with initial weights of the key. */
export function autoencoder(key: Key): Autoencoder {
  const dense = (i: number, inputs: number, units: number, activation: 'relu' | 'linear' | 'sigmoid') => {
    const weights = new Float32Array(inputs * units);
    fillNormals(weights, { key: foldIn(key, i), start: 0, dimension: weights.length });
    const scale = Math.sqrt(2 / inputs);
    const kernel = tf.tensor2d(
      weights.map((value) => value * scale),
      [inputs, units],
    );
    return tf.layers.dense({ units, activation, weights: [kernel, tf.zeros([units])], name: `dense_${i}` });
  };
  const input = tf.input({ shape: [...DIGIT_SHAPE] });
  const flat = tf.layers.flatten({ name: 'pixels' }).apply(input) as tf.SymbolicTensor;
  const hidden = dense(0, PIXELS, 256, 'relu').apply(flat) as tf.SymbolicTensor;
  const code = dense(1, 256, LATENT, 'linear').apply(hidden) as tf.SymbolicTensor;
  const wide = dense(2, LATENT, 256, 'relu').apply(code) as tf.SymbolicTensor;
  const pixels = dense(3, 256, PIXELS, 'sigmoid').apply(wide) as tf.SymbolicTensor;
  const image = tf.layers.reshape({ targetShape: [...DIGIT_SHAPE], name: 'image' }).apply(pixels) as tf.SymbolicTensor;
  return { encoder: tf.model({ inputs: input, outputs: code }), whole: tf.model({ inputs: input, outputs: image }) };
}

/** Trains with Adam on the squared error to the image without noise. */
export async function trainAutoencoder(
  digits: Digits,
  { epochs, sigma, key, onEpoch }: AutoencoderTraining,
): Promise<Autoencoder> {
  const [modelKey, orderKey, noiseKey] = split(key, 3);
  const models = autoencoder(modelKey);
  const dataset = arrayDataset({ values: digits.values, shape: [...DIGIT_SHAPE], labels: digits.labels });
  const variables = trainableVariables(models.whole);
  const optimizer = tf.train.adam(1e-3);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const batches = trainingBatches(dataset, { batchSize: BATCH, key: foldIn(orderKey, epoch), dropRemainder: true });
    let last = NaN;
    for await (const read of batches) {
      using batch = read;
      const noise = new Float32Array(batch.x.size);
      fillNormals(noise, { key: foldIn(noiseKey, step++), start: 0, dimension: noise.length });
      const noisy = tf.tidy(() => tf.add(batch.x, tf.mul(tf.tensor(noise, batch.x.shape), sigma)));
      const loss = optimizer.minimize(
        () =>
          tf.tidy(() => {
            const found = models.whole.apply(noisy, { training: true }) as tf.Tensor;
            return tf.mean(tf.squaredDifference(found, batch.x)) as tf.Scalar;
          }),
        true,
        variables,
      );
      [last = NaN] = (await loss?.data()) ?? [];
      tf.dispose([noisy, loss ?? []]);
    }
    onEpoch(epoch, last);
  }
  optimizer.dispose();
  return models;
}
