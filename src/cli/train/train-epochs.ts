import { setImmediate } from 'node:timers/promises';
import type * as tf from '@tensorflow/tfjs';
import { GaussianNoise } from '../../noise/gaussian-noise.ts';
import { foldIn } from '../../random/key.ts';
import { batchKeys } from '../../random/purposes.ts';
import type { DatasetBatch } from '../../recipes/read-batch.ts';
import { microBatches } from '../../recipes/micro-batches.ts';
import { noisyMetrics } from '../../recipes/noisy-metrics.ts';
import { randomCropAndFlip } from '../../recipes/random-crop-and-flip.ts';
import type { Sgd } from '../../recipes/sgd.ts';
import { type Schedule, stepDecay } from '../../recipes/schedules.ts';
import { trainingBatches } from '../../recipes/training-batches.ts';
import type { Key } from '../../types.ts';
import { CliError, EXIT } from '../io.ts';
import type { Standing } from './run-state.ts';
import type { ScalarsLog } from './run-folder.ts';
import type { Stepper } from './stepper.ts';
import type { LoopSettings, TrainSettings } from './train-settings.ts';
import type { TrainingData } from './training-data.ts';

/** Images that the accuracy of an epoch is taken from, the first ones. */
const EVALUATED = 1000;

/** A run that is set up. @internal */
export interface TrainRun {
  readonly model: tf.LayersModel;
  readonly stepper: Stepper;
  readonly sgd: Sgd;
  readonly settings: TrainSettings;
  readonly data: TrainingData;
  readonly keys: { readonly order: Key; readonly steps: Key; readonly evaluation: Key };
  readonly log: ScalarsLog;
  readonly signal: AbortSignal;
  /** Told after each batch. */
  readonly onBatch: (standing: Standing) => void;
  /** Told after each epoch. */
  readonly onEpoch: (standing: Standing) => void;
  /** Brings the run to the disk. */
  readonly save: (standing: Standing) => Promise<void>;
}

/** Trains from where the run stands to its last epoch. Throws the reason of the signal after it has saved the run. @internal */
export async function trainEpochs(run: TrainRun, from: Standing): Promise<Standing> {
  const { settings, data, keys, log, signal, sgd } = run;
  const { epochs, batchSize } = settings.loop;
  const rate = rateOf(settings.loop);
  let now = from;
  while (now.epoch < epochs) {
    const { epoch } = now;
    sgd.learningRate = rate(epoch);
    const batches = trainingBatches(data.dataset, {
      batchSize,
      key: foldIn(keys.order, epoch),
      startBatch: now.batch,
      ...(data.softTargets && { softTargets: data.softTargets }),
    });
    for await (const batch of batches) {
      now = await trainBatch(run, batch, now);
      run.onBatch(now);
      await setImmediate(); // WASM never lets go of the thread, and Ctrl-C needs a turn
      if (signal.aborted) {
        await run.save({ ...now, logBytes: await log.flush() });
        throw signal.reason;
      }
    }
    const mean = now.sum / now.count;
    const noise = new GaussianNoise({ sigma: settings.sigma });
    const select = { max: EVALUATED };
    const { accuracy } = await noisyMetrics(run.model, data.evaluation, { noise, key: keys.evaluation, select });
    log.add({ step: now.step, epoch, epochLoss: mean, learningRate: sgd.learningRate, accuracy });
    const next = { ...now, epoch: epoch + 1, batch: 0, sum: 0, count: 0, accuracy, loss: mean };
    now = { ...next, logBytes: await log.flush() };
    await run.save(now);
    run.onEpoch(now);
  }
  return now;
}

/** The steps of one batch: one for each of its parts. */
async function trainBatch(run: TrainRun, batch: DatasetBatch, standing: Standing): Promise<Standing> {
  const { stepper, sgd, settings, keys, log } = run;
  const { epoch } = standing;
  const { microBatches: count, augmentation } = settings.loop;
  const { crop: cropKey, loss: key } = batchKeys(keys.steps, epoch, standing.batch);
  const x = augmentation === 'none' ? batch.x : randomCropAndFlip(batch.x, { key: cropKey });
  let { step, sum } = standing;
  try {
    // The last batch of an epoch may have fewer images than a batch has parts.
    for (const part of microBatches({ ...batch, x, key, epoch }, Math.min(count, batch.labels.length))) {
      const value = await stepper.step(part);
      if (!Number.isFinite(value)) throw diverged(value, step, sgd.learningRate);
      sum += value;
      log.add({ step: ++step, epoch, loss: value, learningRate: sgd.learningRate });
    }
  } finally {
    x.dispose();
    batch.dispose();
  }
  return { ...standing, batch: standing.batch + 1, step, sum, count: standing.count + step - standing.step };
}

function rateOf({ learningRate, stepEpochs, gamma, timing }: LoopSettings): Schedule {
  if (stepEpochs === 0) return () => learningRate;
  return stepDecay({ initial: learningRate, every: stepEpochs, gamma, timing });
}

function diverged(value: number, step: number, rate: number): CliError {
  const text = `the training loss must stay finite, got ${value} in step ${step + 1} (begin again with --learning-rate below ${rate})`;
  return new CliError(text, EXIT.failed);
}
