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
  split,
  trainableVariables,
} from 'catrs';
import type { Key, Prepared, TrainingLoss } from 'catrs';
import { IMAGE_SHAPE, NUM_CLASSES, PIXELS, shuffledIndices } from './data.ts';
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

/** A batch as the losses take it. */
interface Batch {
  readonly x: tf.Tensor;
  readonly labels: number[];
  readonly softTargets?: tf.Tensor;
  readonly key: Key;
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

async function runEpochs<P extends Prepared>(
  model: tf.LayersModel,
  loss: TrainingLoss<Batch, P>,
  digits: Digits,
  { trainingDigits, batchSize, momentum }: Settings,
  { epochs, learningRate, key, softTargets, onStep }: TrainingOptions,
): Promise<void> {
  await checkModel(model, digits);
  const optimizer = tf.train.momentum(learningRate, momentum);
  const variables = trainableVariables(model);
  const [orderKey, stepKey] = split(key);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffledIndices(trainingDigits, foldIn(orderKey, epoch));
    for (let begin = 0; begin < trainingDigits; begin += batchSize) {
      const indices = order.slice(begin, begin + batchSize);
      const batch = makeBatch(digits, indices, softTargets, foldIn(stepKey, step));
      if (step++ === 0) await checkTraining(loss, batch); // what a loss cannot look at without waiting
      using prepared = loss.prepare(batch); // noise + attack, outside the tape
      const value = optimizer.minimize(() => prepared.value(), true, variables); // the tape sees only this
      const [number = NaN] = (await value?.data()) ?? [];
      tf.dispose([value ?? [], batch.x, batch.softTargets ?? []]);
      if (!Number.isFinite(number)) throw new Error(`the training loss is ${number} (try a smaller learning rate)`);
      onStep(epoch * trainingDigits + begin + indices.length, `loss ${number.toFixed(2)}`);
    }
  }
  optimizer.dispose();
}

/** Picks digits by index into tensors that the caller disposes. */
function makeBatch(digits: Digits, indices: number[], softTargets: Float32Array | undefined, key: Key): Batch {
  const x = tf.tensor(rows(digits.images, PIXELS, indices), [indices.length, ...IMAGE_SHAPE]);
  const labels = indices.map((i) => digits.labels[i] ?? NaN);
  if (softTargets === undefined) return { x, labels, key };
  return {
    x,
    labels,
    key,
    softTargets: tf.tensor(rows(softTargets, NUM_CLASSES, indices), [indices.length, NUM_CLASSES]),
  };
}

function rows(values: Float32Array, width: number, indices: number[]): Float32Array {
  const picked = new Float32Array(indices.length * width);
  indices.forEach((i, row) => picked.set(values.subarray(i * width, (i + 1) * width), row * width));
  return picked;
}

/** Finds a model that breaks the contract (NaN, probabilities, wrong class count) before the run, not after it. */
async function checkModel(model: tf.LayersModel, digits: Digits): Promise<void> {
  const sample = tf.tensor(rows(digits.images, PIXELS, [0, 1, 2, 3, 4, 5, 6, 7]), [8, ...IMAGE_SHAPE]);
  await checkClassifier(model, sample, { numClasses: NUM_CLASSES });
  sample.dispose();
}
