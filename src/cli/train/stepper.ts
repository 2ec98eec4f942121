import { extname } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { trainableVariables } from '../../classifier/to-logits-fn.ts';
import type { MicroBatch } from '../../recipes/micro-batches.ts';
import { startTrainers } from '../../node/start-trainers.ts';
import type { Sgd } from '../../recipes/sgd.ts';
import type { TrainerData } from '../worker-trainer.ts';
import { makeLoss } from './make-model.ts';
import { stepFailure } from './step-failure.ts';
import type { TrainSettings } from './train-settings.ts';

/** Makes the optimizer's steps, in this thread or in several. @internal */
export interface Stepper {
  /** One step on a batch, which it disposes; gives the loss before it. */
  step(batch: MicroBatch): Promise<number>;
  /** Ends the threads. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a step changes. @internal */
export interface StepSubject {
  readonly model: tf.LayersModel;
  readonly sgd: Sgd;
}

/** Threads and what they get. @internal */
export interface StepThreads {
  /** 1: this thread. */
  readonly workers: number;
  readonly data: TrainerData;
  /** Arguments of Node in the threads. */
  readonly execArgv: readonly string[] | undefined;
}

/** Steps in this thread, or shared by several. @internal */
export async function openStepper(subject: StepSubject, threads: StepThreads): Promise<Stepper> {
  const { workers, data } = threads;
  const stepper = workers === 1 ? ownStepper(subject, data.settings) : await sharedStepper(subject, threads);
  return {
    step: (batch) => {
      const [images = 0] = batch.x.shape;
      return stepper.step(batch).catch((error: unknown) => {
        throw stepFailure(error, images);
      });
    },
    [Symbol.asyncDispose]: () => stepper[Symbol.asyncDispose](),
  };
}

function ownStepper({ model, sgd }: StepSubject, settings: TrainSettings): Stepper {
  const loss = makeLoss(model, settings);
  const variables = trainableVariables(model);
  return {
    step: async (batch) => {
      using prepared = loss.prepare(batch);
      batch.dispose(); // prepared has a copy
      const scalar = sgd.minimize(() => loss.value(prepared), true, variables) as tf.Scalar;
      const [value = NaN] = await scalar.data();
      scalar.dispose();
      return value;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function sharedStepper({ model, sgd }: StepSubject, { workers, data, execArgv }: StepThreads): Promise<Stepper> {
  const trainers = await startTrainers({
    module: new URL(`../worker-trainer${extname(import.meta.url)}`, import.meta.url),
    workers,
    data,
    ...(execArgv && { execArgv }),
  });
  const [variables, statistics] = [trainableVariables(model), statisticsOf(model)];
  return {
    step: async (batch) => {
      try {
        return await trainers.minimize(sgd, variables, batch, { statistics });
      } finally {
        batch.dispose();
      }
    },
    [Symbol.asyncDispose]: () => trainers.close(),
  };
}

/** The variables that a step changes without a gradient: running means and variances. @internal */
export function statisticsOf(model: tf.LayersModel): tf.Variable[] {
  return model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
}
