/**
 * The training loop: the host's own code around the two-phase losses of catrs, the same for both methods.
 */
import * as tf from '@tensorflow/tfjs';
import {
  checkClassifier,
  checkTraining,
  ConfidenceAwareLoss,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  NoisePgd,
  prepareAsync,
  split,
  trainableVariables,
} from 'catrs';
import type { Key, TrainingLoss } from 'catrs';
import { trainingBatches } from 'catrs/recipes';
import { firstOf, IMAGE_SHAPE, NUM_CLASSES, toDataset } from './data.ts';
import type { Digits } from './data.ts';
import type { Settings } from './settings.ts';

/** The two methods that are compared. */
export type Method = 'gaussian' | 'catrs';

/** How to train. */
export interface TrainingOptions {
  readonly epochs: number;
  readonly learningRate: number;
  /** Drives the order of the digits and all noise. */
  readonly key: Key;
  /** Smoothed predictions of the pre-trained model, [digits, 10]; used by CAT-RS. */
  readonly softTargets?: Float32Array | undefined;
  /** Called after each step with the number of images seen so far and a note for people. */
  readonly onStep: (images: number, note: string) => void;
}

/** Trains the model in place. */
export async function train(
  model: tf.LayersModel,
  digits: Digits,
  method: Method,
  settings: Settings,
  options: TrainingOptions,
): Promise<void> {
  const noise = new GaussianNoise({ sigma: settings.sigma });
  if (method === 'gaussian') {
    await runEpochs(model, new GaussianLoss(model, { noise }), digits, settings, options);
  } else {
    const { epsilon, steps, numNoise, lambda } = settings;
    const loss = new ConfidenceAwareLoss(model, { noise, attack: new NoisePgd({ epsilon, steps }), numNoise, lambda });
    await runEpochs(model, loss, digits, settings, options);
  }
}

async function runEpochs(
  model: tf.LayersModel,
  loss: TrainingLoss,
  digits: Digits,
  { trainingDigits, batchSize, momentum }: Settings,
  { epochs, learningRate, key, softTargets, onStep }: TrainingOptions,
): Promise<void> {
  await checkModel(model, digits);
  const dataset = toDataset(firstOf(digits, trainingDigits));
  const optimizer = tf.train.momentum(learningRate, momentum);
  const variables = trainableVariables(model);
  const [orderKey, stepKey] = split(key);
  let [step, seen] = [0, 0];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const read of trainingBatches(dataset, { batchSize, key: foldIn(orderKey, epoch), softTargets })) {
      using batch = read;
      const given = { ...batch, key: foldIn(stepKey, step) };
      if (step++ === 0) await checkTraining(loss, given); // what a loss cannot look at without waiting
      using prepared = await prepareAsync(loss, given); // noise + attack, outside the tape
      const value = optimizer.minimize(() => prepared.value(), true, variables); // the tape sees only this
      const [number = NaN] = (await value?.data()) ?? [];
      value?.dispose();
      if (!Number.isFinite(number)) throw new Error(`the training loss is ${number} (try a smaller learning rate)`);
      seen += batch.labels.length;
      onStep(seen, `loss ${number.toFixed(2)}`);
    }
  }
  optimizer.dispose();
}

/** Finds a model that breaks the contract (NaN, probabilities, wrong class count) before the run, not after it. */
async function checkModel(model: tf.LayersModel, digits: Digits): Promise<void> {
  const sample = tf.tensor(firstOf(digits, 8).images, [8, ...IMAGE_SHAPE]);
  await checkClassifier(model, sample, { numClasses: NUM_CLASSES });
  sample.dispose();
}
