/**
 * A small CAT-RS run from fresh weights: the host's own loop around the two-phase loss of catrs.
 */
import * as tf from '@tensorflow/tfjs';
import {
  ConfidenceAwareLoss,
  createKey,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  type Key,
  NoisePgd,
  prepareAsync,
  split,
  trainableVariables,
  type TrainingLoss,
} from 'catrs';
import type { LabelledDataset } from 'catrs/data';
import { type DatasetBatch, noisyMetrics, trainingBatches } from 'catrs/recipes';
import type { Progress, Tasks } from '../protocol.ts';
import type { Control } from './control.ts';

const BATCH = 20;
/** The first steps learn from the noise alone: CAT-RS starts from a network that knows something. */
const WARM_UP = 60;
const MEASURE_EVERY = 10;
const VOTES = 10;

/** What the run needs besides its settings. */
export interface TrainingSite {
  readonly model: tf.LayersModel;
  readonly digits: LabelledDataset;
  /** Digits to measure on, none of them trained on. */
  readonly heldOut: LabelledDataset;
  /** Waits until nothing more urgent is going on. */
  readonly myTurn: () => Promise<void>;
}

/** Trains the model in place until it is stopped; returns the number of steps. */
export async function train(
  { model, digits, heldOut, myTurn }: TrainingSite,
  { seed, sigma }: Tasks['train'],
  { isStopped, report }: Control<Progress['train']>,
): Promise<number> {
  const noise = new GaussianNoise({ sigma });
  const gaussian = new GaussianLoss(model, { noise });
  const attack = new NoisePgd({ epsilon: 1, steps: 2 });
  const catrs = new ConfidenceAwareLoss(model, { noise, attack, numNoise: 2, lambda: 2 });
  const optimizer = tf.train.momentum(0.02, 0.9);
  const variables = trainableVariables(model);
  const [orderKey, stepKey, measureKey] = split(createKey(seed), 3);
  let step = 0;
  try {
    for await (const batch of batches(digits, orderKey)) {
      const loss: TrainingLoss = step < WARM_UP ? gaussian : catrs;
      const prepared = await prepareAsync(loss, { ...batch, key: foldIn(stepKey, step) }); // noise and attack, outside the tape
      batch.dispose();
      const value = optimizer.minimize(() => prepared.value(), true, variables); // the tape sees only this
      const [number = NaN] = (await value?.data()) ?? [];
      prepared.dispose();
      value?.dispose();
      if (!Number.isFinite(number)) throw new Error(`the training loss is ${number}`);
      const measured =
        step % MEASURE_EVERY === 0
          ? await noisyMetrics(model, heldOut, { noise, key: foldIn(measureKey, step), numNoise: VOTES })
          : undefined;
      report({ step, loss: number, ...(measured && { accuracy: measured.accuracy }) });
      step++;
      await myTurn();
      if (isStopped()) break;
    }
  } finally {
    optimizer.dispose();
  }
  return step;
}

/** The digits in batches, epoch after epoch, each in an order of its own. */
async function* batches(digits: LabelledDataset, key: Key): AsyncGenerator<DatasetBatch, never, undefined> {
  for (let epoch = 0; ; epoch++) {
    yield* trainingBatches(digits, { batchSize: BATCH, key: foldIn(key, epoch), dropRemainder: true });
  }
}
