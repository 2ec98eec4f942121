import type * as tf from '@tensorflow/tfjs';
import type { TrainingLoss } from '../losses/types.ts';
import { type StartWorkersOptions, threadOptions } from './thread-options.ts';
import type { Trainers } from './train-step.ts';
import { TrainerPool } from './trainer-pool.ts';

/** What a thread of {@link startTrainers} works on: an objective of its own copy of the model. */
export interface Trainer {
  /** The objective. Its value must be a mean over the images of a batch, as that of every loss of catrs is. */
  readonly loss: TrainingLoss;
  /** The variables to train, float32, in the order of the host's list. */
  readonly variables: readonly tf.Variable[];
  /**
   * All other variables that a step changes, float32, in the order of the host's list: the running means and variances of batch normalisation.
   * @defaultValue []
   */
  readonly statistics?: readonly tf.Variable[];
}

/**
 * What the module of {@link StartTrainersOptions.module} exports.
 *
 * @example
 * ```ts
 * // my-trainer.js
 * export async function makeTrainer({ sigma }) {
 *   await useWasm({ threads: 1 });
 *   const model = lenet({ key: createKey(0) }); // its weights are those of the host in every step
 *   return { loss: new GaussianLoss(model, { noise: new GaussianNoise({ sigma }) }), variables: trainableVariables(model) };
 * }
 * ```
 */
export interface TrainerModule<Data = unknown> {
  /** Makes the trainer in a thread, once: sets the backend there, builds the model. Gets a copy of {@link StartTrainersOptions.data}. */
  readonly makeTrainer: (data: Data) => Trainer | Promise<Trainer>;
}

/** Options of {@link startTrainers}. */
export interface StartTrainersOptions extends Omit<StartWorkersOptions, 'module' | 'data'> {
  /** The file of a module that makes the trainer, a {@link TrainerModule}: functions cannot be sent to threads. */
  readonly module: string | URL;
  /** What `makeTrainer` gets: anything that can be sent to a thread; each has its copy. */
  readonly data?: unknown;
}

const CALL = 'startTrainers';

/**
 * Starts worker threads that share every training step: synchronous and data parallel, each with its own model and backend.
 *
 * A step sends the host's weights to all threads. The batch is cut into consecutive shares, whose sizes differ by at most 1; each thread
 * prepares its share and takes the gradients of its loss; the host gets the means, weighted by the sizes of the shares. Image b has the draws
 * that it has in the whole batch (`TrainingBatch.firstImage`). So the step is that of one thread up to the rounding of float32, and the
 * same bits in every run with the same number of threads. The optimizer, its momentum and the schedule stay in the host.
 *
 * Batch normalisation is the exception: each thread normalises by its own share, as PyTorch's DistributedDataParallel does without
 * SyncBatchNorm. Layers with draws of their own, like dropout, draw in each thread for itself.
 *
 * Documented errors come with their class and text. A thread that ends, or throws anything else, is a ClassifierError that names the thread
 * and its images. After an error or an abort nothing of the host has changed and all threads are ended; the next step starts new ones.
 *
 * @throws OptionError for an option, a module that cannot be loaded, and one that makes no trainer
 * @throws ClassifierError if a thread ends or throws before it has made its trainer
 * @throws what `makeTrainer` throws, if it is an error of catrs
 * @see Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", VLDB 2020
 * @example
 * ```ts
 * const trainers = await startTrainers({ module: new URL('./my-trainer.js', import.meta.url), workers: 2, data: { sigma: 0.25 } });
 * try {
 *   for (const batch of batches) {
 *     const value = await trainers.minimize(optimizer, trainableVariables(model), { ...batch, key: foldIn(key, step++) });
 *   }
 * } finally {
 *   await trainers.close();
 * }
 * ```
 */
export async function startTrainers(options: StartTrainersOptions): Promise<Trainers> {
  return TrainerPool.start(CALL, threadOptions(CALL, options));
}
