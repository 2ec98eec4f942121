import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { AblationNoise } from 'catrs';
import { CopiesLoss, foldIn, type Key, trainableVariables } from 'catrs';
import { loadModel, saveModel } from 'catrs/node';

/** Examples as plain values, row after row, with their classes. */
export interface Examples {
  readonly values: Float32Array;
  readonly labels: readonly number[];
}

/** How long to train. */
export interface TrainingPlan {
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly key: Key;
}

/**
 * Trains a model on ablated copies, one of each example and step, as the certificate will ask it. Adam, whose rate falls to a tenth for the last fifth
 * of the epochs.
 */
export async function trainOnCopies(
  model: tf.LayersModel,
  noise: AblationNoise,
  { values, labels }: Examples,
  { epochs, batch, learningRate, key }: TrainingPlan,
): Promise<void> {
  const loss = new CopiesLoss(model, { noise });
  const optimizer = tf.train.adam(learningRate);
  const size = values.length / labels.length;
  const begun = performance.now();
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (epoch === Math.floor(epochs * 0.8)) Object.assign(optimizer, { learningRate: learningRate / 10 });
    const epochKey = foldIn(key, epoch);
    const order = shuffled(labels.length, epochKey);
    let sum = 0;
    for (let begin = 0, step = 0; begin < order.length; begin += batch, step++) {
      const rows = order.slice(begin, begin + batch);
      const part = new Float32Array(rows.length * size);
      rows.forEach((row, i) => part.set(values.subarray(row * size, (row + 1) * size), i * size));
      const x = tf.tensor(part, [rows.length, ...noise.inputShape]);
      using prepared = loss.prepare({ x, labels: rows.map((row) => labels[row]!), key: foldIn(epochKey, step) });
      x.dispose();
      const value = optimizer.minimize(() => prepared.value(), true, trainableVariables(model));
      sum += ((await value?.data())?.[0] ?? NaN) * rows.length;
      value?.dispose();
    }
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    console.log(`epoch ${epoch + 1} of ${epochs}: loss ${(sum / order.length).toFixed(3)} (${seconds} s)`);
  }
  optimizer.dispose();
}

/** The model that `--model folder` on the command line holds; else a new one, which is kept there if the option is given. */
export async function trainedModel(train: () => Promise<tf.LayersModel>): Promise<tf.LayersModel> {
  const at = process.argv.indexOf('--model');
  const folder = at < 0 ? undefined : process.argv[at + 1];
  if (folder !== undefined && existsSync(folder)) return loadModel(folder, { format: 'layers-model' });
  const model = await train();
  if (folder !== undefined) await saveModel(model, folder);
  return model;
}

/** A random order, by keys of the rows. */
function shuffled(count: number, key: Key): number[] {
  const rank = Array.from({ length: count }, (_, row) => foldIn(key, 2 ** 32 + row)[0]);
  return rank.map((_, row) => row).sort((a, b) => rank[a]! - rank[b]!);
}
