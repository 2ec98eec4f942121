import { extname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type * as tf from '@tensorflow/tfjs';
import { trainableVariables } from '../../classifier/to-logits-fn.ts';
import type { Classifier } from '../../classifier/types.ts';
import { BackendError } from '../../errors.ts';
import type { TrainingLoss } from '../../losses/types.ts';
import { startTrainers } from '../../node/start-trainers.ts';
import type { Trainers } from '../../node/train-step.ts';
import type { MicroBatch } from '../../recipes/micro-batches.ts';
import { noisyMetrics } from '../../recipes/noisy-metrics.ts';
import { randomCropAndFlip } from '../../recipes/random-crop-and-flip.ts';
import { type Schedule, stepDecay } from '../../recipes/schedules.ts';
import type { Sgd } from '../../recipes/sgd.ts';
import { type TrainingStep, trainingSteps } from '../../recipes/training-steps.ts';
import type { Key } from '../../types.ts';
import { CliError, EXIT } from '../io.ts';
import { statisticsOf, type TrainerData, trainedNoise } from './make-model.ts';
import type { ScalarsLog } from './run-folder.ts';
import type { Standing } from './run-state.ts';
import type { LoopSettings, TrainSettings } from './train-settings.ts';
import type { TrainingData } from './training-data.ts';

/** Images that the accuracy of an epoch is taken from, the first ones. */
const EVALUATED = 1000;

/** A run that is set up. @internal */
export interface TrainRun {
  readonly model: tf.LayersModel;
  /** The model as a function of the images to logits. */
  readonly classifier: Classifier;
  readonly loss: TrainingLoss;
  readonly sgd: Sgd;
  readonly settings: TrainSettings;
  readonly data: TrainingData;
  /** The key of the run, and that of the noise of its evaluations. */
  readonly keys: { readonly run: Key; readonly evaluation: Key };
  /** Threads that share each step; undefined for this thread alone. */
  readonly trainers: Trainers | undefined;
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
  const { data, log, signal } = run;
  const { batchSize, epochs } = run.settings.loop;
  const batches = Math.ceil(data.dataset.size / batchSize);
  let now = from;
  // A run that was stopped between the last batch of an epoch and its evaluation.
  if (now.epoch < epochs && now.batch === batches) now = await endEpoch(run, now);
  for await (const made of stepsFrom(run, now)) {
    const { step, epoch, loss, learningRate = NaN, state } = made;
    if (!Number.isFinite(loss)) throw diverged(loss, step, learningRate);
    log.add({ step, epoch, loss, learningRate });
    if (!made.endsBatch) continue;
    now = { ...now, ...state };
    run.onBatch(now);
    await setImmediate(); // WASM never lets go of the thread, and Ctrl-C needs a turn
    if (signal.aborted) {
      await run.save({ ...now, logBytes: await log.flush() });
      throw signal.reason;
    }
    if (made.endsEpoch) now = await endEpoch(run, now);
  }
  return now;
}

/** The steps of the run; one that breaks the backend says what it was too large for. */
async function* stepsFrom(run: TrainRun, from: Standing): AsyncGenerator<TrainingStep, void, undefined> {
  const { data, sgd, settings, loss, keys } = run;
  const { epochs, batchSize, microBatches, augmentation } = settings.loop;
  const steps = trainingSteps(loss, data.dataset, {
    ...{ epochs, batchSize, microBatches, from, key: keys.run },
    optimizer: sgd,
    variables: trainableVariables(run.model),
    schedule: rateOf(settings.loop),
    softTargets: data.softTargets,
    augment: augmentation === 'none' ? undefined : randomCropAndFlip,
    minimize: run.trainers && sharedStep(run, run.trainers),
    check: false, // that was done before anything was written
  });
  const images = Math.min(batchSize, data.dataset.size);
  try {
    for (;;) {
      const made = await steps.next().catch((error: unknown) => {
        throw stepFailure(error, Math.max(1, Math.floor(images / microBatches)));
      });
      if (made.done) return;
      yield made.value;
    }
  } finally {
    await steps.return();
  }
}

/** What a whole epoch has come to, in the log and on the disk. */
async function endEpoch(run: TrainRun, now: Standing): Promise<Standing> {
  const { settings, data, keys, log } = run;
  const { epoch, step } = now;
  const mean = now.sum / now.count;
  const noise = trainedNoise(settings);
  const select = { max: EVALUATED };
  const { accuracy } = await noisyMetrics(run.classifier, data.evaluation, { noise, key: keys.evaluation, select });
  log.add({ step, epoch, epochLoss: mean, learningRate: rateOf(settings.loop)(epoch), accuracy });
  const next = { ...now, epoch: epoch + 1, batch: 0, sum: 0, count: 0, accuracy, loss: mean };
  const saved = { ...next, logBytes: await log.flush() };
  await run.save(saved);
  run.onEpoch(saved);
  return saved;
}

function rateOf({ learningRate, stepEpochs, gamma, timing }: LoopSettings): Schedule {
  if (stepEpochs === 0) return () => learningRate;
  return stepDecay({ initial: learningRate, every: stepEpochs, gamma, timing });
}

function diverged(value: number, step: number, rate: number): CliError {
  const text = `the training loss must stay finite, got ${value} in step ${step} (begin again with --learning-rate below ${rate})`;
  return new CliError(text, EXIT.failed);
}

/** Threads that share each step; undefined where this thread makes them alone. @internal */
export async function openTrainers(
  workers: number,
  data: TrainerData,
  execArgv: readonly string[] | undefined,
): Promise<Trainers | undefined> {
  if (workers === 1) return undefined;
  const module = new URL(`../worker-trainer${extname(import.meta.url)}`, import.meta.url);
  return startTrainers({ module, workers, data, execArgv });
}

function sharedStep({ model, sgd }: TrainRun, trainers: Trainers): (batch: MicroBatch) => Promise<number> {
  const [variables, statistics] = [trainableVariables(model), statisticsOf(model)];
  return (batch) => trainers.minimize(sgd, variables, batch, { statistics });
}

/** What a step of so many images threw; where it is the end of the backend by a full memory, an error that says so. @internal */
export function stepFailure(error: unknown, images: number): unknown {
  if (!(error instanceof BackendError)) return error;
  const text = `a step of ${images} images must fit into the memory of the backend, 4 GiB for each thread of wasm, got a crash of it`;
  const way = 'share it between more --workers, or take fewer images by --micro-batches or --batch-size';
  return new CliError(`${text} (${way})`, EXIT.failed);
}
