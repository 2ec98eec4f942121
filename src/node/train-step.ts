import type * as tf from '@tensorflow/tfjs';
import type { ConfidenceAwareBatch } from '../losses/confidence-aware-loss.ts';
import type { CopiesBatch } from '../losses/copies-loss.ts';
import type { SmoothAdvBatch } from '../losses/smooth-adv-loss.ts';
import type { SmoothMixBatch } from '../losses/smooth-mix-loss.ts';
import { trainingBatchFields } from '../losses/training-batch.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField, type WithDefaults } from '../options/parse.ts';
import type { Key } from '../types.ts';
import type { ModuleThread } from './module-thread.ts';

/** A batch for {@link Trainers}: what the loss in the threads takes. Its tensors are read, not disposed. */
export type TrainerBatch = ConfidenceAwareBatch & SmoothAdvBatch & SmoothMixBatch & Pick<CopiesBatch, 'copies'>;

/** Options of a step of {@link Trainers}. */
export interface TrainStepOptions {
  /**
   * The host's variables for `Trainer.statistics`: all threads begin with their values, and after the step they have the mean of the
   * threads' values, weighted by the sizes of the shares.
   * @defaultValue []
   */
  readonly statistics?: readonly tf.Variable[] | undefined;
  /** Ends the step at once, with nothing changed. */
  readonly signal?: AbortSignal | undefined;
}

const variablesField = fields.field<readonly tf.Variable[]>(
  'must be a list of float32 variables (trainableVariables(model) makes it)',
  (v) => Array.isArray(v) && v.every((one: Partial<tf.Variable> | null) => isVariable(one)),
);

const isVariable = (v: Partial<tf.Variable> | null | undefined): boolean =>
  typeof v?.assign === 'function' && v.dtype === 'float32' && v.isDisposed === false;

const trainStepOptions = optionsOf<TrainStepOptions>()({
  statistics: fields.withDefault(variablesField, []),
  signal: fields.optional(fields.signal),
});

// All fields that losses of catrs know; the loss in the threads refuses those that it does not.
const trainerBatch = optionsOf<TrainerBatch>()({
  ...trainingBatchFields,
  noiseAdv: fields.optional(fields.tensor),
  k: fields.optional(fields.tensor),
  xAdv: fields.optional(fields.tensor),
  clean: fields.optional(fields.tensor),
  adversary: fields.optional(fields.tensor),
  mixing: fields.optional(fields.tensor),
  copies: fields.optional(fields.tensor),
});

/** The loss of a batch and its gradients. Dispose the object, or the gradients. */
export interface BatchGradients {
  /** The loss of the whole batch. */
  readonly value: number;
  /** Its gradients by the names of the host's variables, owned by the caller; a variable without a gradient is absent. */
  readonly gradients: tf.NamedTensorMap;
  /** Frees the gradients. */
  dispose(): void;
  /** Frees the gradients at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** Worker threads that compute one training step together. One step at a time. */
export interface Trainers {
  /** Number of threads. */
  readonly workers: number;
  /**
   * The loss of a batch and its gradients at the present values of `variables`, which stay as they are.
   *
   * value = Σ_i (B_i / B) value_i and likewise the gradients, over the shares of the threads, summed in float64 in their order.
   *
   * @param variables - of the host, like those of the trainers; `optimizer.applyGradients(gradients)` changes them
   * @param batch - B images; with fewer images than threads, B threads work
   */
  gradients(
    variables: readonly tf.Variable[],
    batch: TrainerBatch,
    options?: TrainStepOptions,
  ): Promise<BatchGradients>;
  /** Makes a step of an optimizer, like its `minimize`, and gives the loss before it. */
  minimize(
    optimizer: tf.Optimizer,
    variables: readonly tf.Variable[],
    batch: TrainerBatch,
    options?: TrainStepOptions,
  ): Promise<number>;
  /** Ends the threads, and the step that they are at. */
  close(): Promise<void>;
  /** Ends the threads: `await using trainers = await startTrainers(...)`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a step is made from. @internal */
export interface ParsedTrainStep {
  readonly variables: readonly tf.Variable[];
  readonly batch: WithDefaults<TrainerBatch, Exclude<keyof TrainerBatch, 'x' | 'labels' | 'key' | 'firstImage'>>;
  readonly statistics: readonly tf.Variable[];
  readonly signal: AbortSignal | undefined;
}

/** @internal */
export function parseTrainStep(
  call: string,
  given: {
    readonly variables: readonly tf.Variable[];
    readonly batch: TrainerBatch;
    readonly options: TrainStepOptions;
  },
): ParsedTrainStep {
  const { statistics, signal } = trainStepOptions.parse(call, given.options);
  return {
    variables: parseField(call, 'variables', variablesField, given.variables),
    batch: trainerBatch.parse(call, given.batch),
    statistics,
    signal,
  };
}

/** What the trainer of a thread works on. @internal */
export interface TrainerRecord {
  /** Shapes of its variables. */
  readonly variables: readonly (readonly number[])[];
  /** Shapes of its statistics. */
  readonly statistics: readonly (readonly number[])[];
}

/** A tensor of a share, in the memory of the message. @internal */
export interface SentTensor {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  /** Where it begins, in numbers of 4 bytes. */
  readonly begin: number;
}

/** A share of a batch. The memory begins with the variables and the statistics of the host. @internal */
export interface ShareMessage {
  /** The public call that error texts name. */
  readonly call: string;
  readonly memory: SharedArrayBuffer;
  /** Where the thread puts the gradients and then the statistics, each at the place of its variable; in numbers of 4 bytes. */
  readonly results: number;
  /** The fields of the batch that are tensors, by name. */
  readonly tensors: Readonly<Record<string, SentTensor>>;
  /** The others. */
  readonly values: {
    readonly key: Key;
    readonly firstImage: number;
    readonly epoch?: number | undefined;
    readonly labels?: unknown;
  };
}

/** What a thread makes of its share, beside the numbers that it puts into the memory. @internal */
export interface ShareResult {
  readonly kind: 'share';
  /** The loss. */
  readonly value: number;
  /** For each variable, whether it has a gradient. */
  readonly has: readonly boolean[];
}

/** A thread with a trainer. @internal */
export type TrainerThread = ModuleThread<TrainerRecord, ShareMessage, ShareResult>;
