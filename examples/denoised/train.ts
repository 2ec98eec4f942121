/**
 * The two halves of denoised smoothing, trained apart: a classifier of digits as they are, and a network that takes noise out of digits and knows no classes.
 */
import * as tf from '@tensorflow/tfjs';
import { foldIn, GaussianNoise, type Key, split, trainableVariables } from 'catrs';
import { trainingBatches } from 'catrs/recipes';
import { type Digits, IMAGE_SHAPE, NUM_CLASSES, PIXELS, toDataset } from '../digits/data.ts';

/** How to train. */
export interface Training {
  readonly epochs: number;
  readonly key: Key;
}

const BATCH = 64;

/** 784 – 256 – 10; without `sigma` it never sees noise. */
export function trainClassifier(
  digits: Digits,
  { sigma, ...training }: Training & { readonly sigma?: number },
): Promise<tf.LayersModel> {
  const model = network([[256, 'relu'], [NUM_CLASSES, 'linear']], training.key); // prettier-ignore
  return fit(model, digits, training, ({ x, labels, key }) => {
    const targets = tf.oneHot(tf.tensor1d([...labels], 'int32'), NUM_CLASSES);
    const seen = sigma === undefined ? x : noisy(x, sigma, key);
    const logits = model.apply(seen, { training: true }) as tf.Tensor2D;
    return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1))) as tf.Scalar;
  });
}

/** Noisy digit → digit, 784 – 512 – 512 – 784, by the mean squared error alone: no class, no classifier. */
export function trainDenoiser(
  digits: Digits,
  { sigma, ...training }: Training & { readonly sigma: number },
): Promise<tf.LayersModel> {
  const model = network(
    [
      [512, 'relu'],
      [512, 'relu'],
      [PIXELS, 'sigmoid'],
    ],
    training.key,
  );
  model.add(tf.layers.reshape({ targetShape: [...IMAGE_SHAPE] }));
  return fit(model, digits, training, ({ x, key }) => {
    const images = model.apply(noisy(x, sigma, key), { training: true }) as tf.Tensor;
    return tf.mean(tf.squaredDifference(images, x)) as tf.Scalar;
  });
}

/** Dense layers over the pixels of a digit. */
function network(
  layers: readonly (readonly [units: number, activation: 'relu' | 'sigmoid' | 'linear'])[],
  key: Key,
): tf.Sequential {
  const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [...IMAGE_SHAPE] })] });
  for (const [i, [units, activation]] of layers.entries()) {
    const [seed] = foldIn(foldIn(key, 0), i);
    model.add(tf.layers.dense({ units, activation, kernelInitializer: tf.initializers.glorotUniform({ seed }) }));
  }
  return model;
}

/** x with noise of its own for each image. */
function noisy(x: tf.Tensor, sigma: number, key: Key): tf.Tensor {
  const noise = new GaussianNoise({ sigma }).sampleBatch({ key, numNoise: 1, shape: x.shape });
  return tf.add(x, tf.squeeze(noise, [0]));
}

/** A batch of training. */
interface Step {
  readonly x: tf.Tensor;
  readonly labels: ArrayLike<number> & Iterable<number>;
  readonly key: Key;
}

/** Adam at 0.001, in the last quarter of the epochs at a tenth of it. */
async function fit(
  model: tf.LayersModel,
  digits: Digits,
  { epochs, key }: Training,
  loss: (step: Step) => tf.Scalar,
): Promise<tf.LayersModel> {
  const [, orderKey, noiseKey] = split(key, 3);
  const variables = trainableVariables(model);
  const dataset = toDataset(digits);
  let optimizer = tf.train.adam(1e-3);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (epoch === Math.floor(epochs * 0.75)) {
      optimizer.dispose();
      optimizer = tf.train.adam(1e-4);
    }
    const batches = trainingBatches(dataset, { batchSize: BATCH, key: foldIn(orderKey, epoch), dropRemainder: true });
    for await (const read of batches) {
      using batch = read;
      const now = { x: batch.x, labels: batch.labels, key: foldIn(noiseKey, step++) };
      optimizer.minimize(() => tf.tidy(() => loss(now)), false, variables);
      if (step % 20 === 0) await tf.nextFrame();
    }
  }
  optimizer.dispose();
  return model;
}
