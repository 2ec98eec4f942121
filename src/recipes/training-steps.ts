import type * as tf from '@tensorflow/tfjs';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { checkTraining } from '../losses/check-training.ts';
import type { StepMetrics, TrainingLoss } from '../losses/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { foldIn } from '../random/key.ts';
import { batchKeys, trainingKeys } from '../random/purposes.ts';
import type { InputRange, Key } from '../types.ts';
import { type MicroBatch, microBatches } from './micro-batches.ts';
import { type MadeStep, type MakeStep, rateSetter, stepMaker } from './optimizer-step.ts';
import type { DatasetBatch, SoftTargetRows } from './read-batch.ts';
import type { Schedule } from './schedules.ts';
import { trainingBatches } from './training-batches.ts';

/**
 * Where a run of {@link trainingSteps} stands between two steps: plain JSON, to be kept in a checkpoint.
 *
 * After the last batch of an epoch `batch` is the number of its batches; the run goes on with the next epoch.
 */
export type TrainingState = {
  /** The epoch, from 0. */
  readonly epoch: number;
  /** Batches of this epoch that are done. */
  readonly batch: number;
  /** Parts of the next batch that are done; absent: none. */
  readonly part?: number;
  /** Steps that were made, over all epochs. */
  readonly step: number;
  /** Sum of the losses of the steps of this epoch. */
  readonly sum: number;
  /** Number of the steps of this epoch. */
  readonly count: number;
};

/** A step that {@link trainingSteps} has made. */
export interface TrainingStep {
  /** Its epoch, from 0. */
  readonly epoch: number;
  /** Its batch in the epoch, from 0. */
  readonly batch: number;
  /** Batches of an epoch. */
  readonly batches: number;
  /** Steps that were made, this one included, over all epochs. */
  readonly step: number;
  /** The loss before the step. */
  readonly loss: number;
  /** Mean loss of the steps of this epoch so far. */
  readonly meanLoss: number;
  /** The learning rate of the step, where there is a schedule or the optimizer says it. */
  readonly learningRate: number | undefined;
  /** Whether the batch is done: its parts have all had their steps. */
  readonly endsBatch: boolean;
  /** Whether the epoch is done. */
  readonly endsEpoch: boolean;
  /** The numbers of the step that the loss tells, with the option `metrics`: accuracy under noise and the terms. */
  readonly metrics: StepMetrics | undefined;
  /** Where the run stands after it, for a checkpoint and the option `from`. */
  readonly state: TrainingState;
}

/** Options of {@link trainingSteps}. */
export interface TrainingStepsOptions {
  /** Makes the steps: an `Sgd` or an optimizer of `tf.train`. */
  readonly optimizer: tf.Optimizer;
  /**
   * What to train.
   * @defaultValue the trainable variables of the loss's classifier, if it is a `tf.LayersModel`
   */
  readonly variables?: readonly tf.Variable[] | undefined;
  /** Epochs of the whole run. */
  readonly epochs: number;
  /** Images of a batch, before it is cut; the last batch of an epoch may have fewer. */
  readonly batchSize: number;
  /**
   * Drives the run. Of `split(key, 4)` the second key drives the order of the epochs (`foldIn` of it and the epoch) and the third the batches:
   * with k = `foldIn(foldIn(third, epoch), batch)` the first of `split(k)` is the key of the augmentation, the second that of the loss. The
   * first and the fourth are free, for initial weights and `noisyMetrics`.
   */
  readonly key: Key;
  /**
   * The learning rate by epoch, set at the beginning of each.
   * @defaultValue that of the optimizer
   */
  readonly schedule?: Schedule | undefined;
  /**
   * Parts that a batch is cut into, one step each, as `microBatches` does.
   * @defaultValue 1
   */
  readonly microBatches?: number | undefined;
  /**
   * Makes other images of those of a batch [B, ...shape], for example `randomCropAndFlip`; its result is disposed.
   * @defaultValue none
   */
  readonly augment?: ((x: tf.Tensor, options: { readonly key: Key }) => tf.Tensor) | undefined;
  /**
   * Soft targets of the whole data set, for CAT-RS.
   * @defaultValue none
   */
  readonly softTargets?: SoftTargetRows | undefined;
  /**
   * Where to go on: the `state` of a step of the same run, with weights and optimizer as they were after it.
   * @defaultValue { epoch: 0, batch: 0, step: 0, sum: 0, count: 0 }, the beginning
   */
  readonly from?: TrainingState | undefined;
  /**
   * Look at the first batch with `checkTraining`.
   * @defaultValue true
   */
  readonly check?: boolean | undefined;
  /**
   * Smallest and largest value of the images, for that look.
   * @defaultValue that of the loss, or [0, 1] where it has none
   */
  readonly inputRange?: InputRange | undefined;
  /**
   * Makes one step and gives the loss before it, for example with `Trainers` of `catrs/node`; the batch is disposed afterwards.
   * @defaultValue a step of `optimizer` on `variables` with the loss
   */
  readonly minimize?: ((batch: MicroBatch) => Promise<number>) | undefined;
  /**
   * Ask the loss for the numbers of each step, where it has them, as those of catrs do: from the same forward pass, read back for each step.
   * @defaultValue false
   */
  readonly metrics?: boolean | undefined;
  /**
   * The key of the loss of a batch, for a run that began by another rule.
   * @defaultValue as `key` says
   */
  readonly lossKey?: ((at: { readonly epoch: number; readonly batch: number }) => Key) | undefined;
  /** Ends the run before the next batch; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const stateField = fields.field<TrainingState>('must be the state of a step of trainingSteps', (v) => {
  const { epoch, batch, part = 0, step, sum, count } = (v ?? {}) as Partial<TrainingState>;
  const counts = [epoch, batch, part, step, count];
  return counts.every((one) => fields.isInteger(one, 0, Number.MAX_SAFE_INTEGER)) && typeof sum === 'number';
});

const trainingStepsOptions = optionsOf<TrainingStepsOptions>()({
  optimizer: fields.object<tf.Optimizer>('must be an optimizer', ['minimize']),
  variables: fields.optional(
    fields.field<readonly tf.Variable[]>('must be a list of variables', (v) => Array.isArray(v) && v.length > 0),
  ),
  epochs: fields.positiveInteger,
  batchSize: fields.positiveInteger,
  key: fields.key,
  schedule: fields.optional(fields.callback<Schedule>('must be a function of the epoch')),
  microBatches: fields.withDefault(fields.positiveInteger, 1),
  augment: fields.optional(fields.callback<NonNullable<TrainingStepsOptions['augment']>>('must be a function')),
  softTargets: fields.optional(fields.object<SoftTargetRows>('must be a table of soft targets')),
  from: fields.withDefault(stateField, { epoch: 0, batch: 0, step: 0, sum: 0, count: 0 }),
  check: fields.withDefault(fields.boolean, true),
  inputRange: fields.optional(fields.range),
  minimize: fields.optional(fields.callback<NonNullable<TrainingStepsOptions['minimize']>>('must be a function')),
  metrics: fields.withDefault(fields.boolean, false),
  lossKey: fields.optional(fields.callback<NonNullable<TrainingStepsOptions['lossKey']>>('must be a function')),
  signal: fields.optional(fields.signal),
});

const CALL = 'trainingSteps';

/**
 * A training run that the host pulls, one step of the optimizer at a time: batches in random order, augmentation, micro-batches, schedule.
 *
 * The loop stays the host's: between two steps it logs, evaluates, saves, waits or leaves. Everything that is random follows from `key`, the
 * epoch and the batch. So a run that goes on `from` the state of a step, with the weights and the optimizer that `captureCheckpoint` kept after
 * it, makes the same steps, to the bit, on the same backend. A loss that is not finite is told, not refused.
 *
 * Nothing waits for the event loop but the host: on WASM let it have a turn (`await setImmediate()` in Node) where something else must be
 * heard.
 *
 * @param loss - the objective, for example `methods.catrs.make(model, { noise })`
 * @param dataset - the images, read batch by batch
 * @returns the steps after `from`; the optimizer, the variables and the loss stay the caller's
 * @throws OptionError at once for the options. From the iteration what `trainingBatches`, `checkTraining` and the loss throw, and the abort
 * reason of `signal`
 * @example
 * ```ts
 * import { captureCheckpoint, methods, Sgd, stepDecay, trainingSteps } from 'catrs/recipes';
 *
 * const loss = methods.catrs.make(model, { noise });
 * const optimizer = new Sgd({ learningRate: 0.01, momentum: 0.9 });
 * const schedule = stepDecay({ initial: 0.01, every: 30, timing: 'intended' });
 * for await (const step of trainingSteps(loss, trainingSet, { optimizer, schedule, epochs: 1, batchSize: 2, key })) {
 *   console.log(step.epoch, step.step, step.loss);
 *   if (step.endsEpoch) await captureCheckpoint({ model, optimizer, state: step.state });
 * }
 * ```
 */
export function trainingSteps(
  loss: TrainingLoss,
  dataset: LabelledDataset,
  options: TrainingStepsOptions,
): AsyncGenerator<TrainingStep, void, undefined> {
  const given = trainingStepsOptions.parse(CALL, options);
  const own = OwnDataset.of(CALL, dataset);
  const { minimize } = given;
  const makeStep: MakeStep = minimize
    ? async (batch) => ({ loss: await minimize(batch), metrics: undefined })
    : stepMaker(CALL, loss, given);
  return stepsOf({
    ...given,
    loss,
    dataset: own,
    makeStep,
    setRate: given.schedule && rateSetter(CALL, given.optimizer),
  });
}

/** A run with all that it needs. */
interface Run extends ReturnType<typeof trainingStepsOptions.parse> {
  readonly loss: TrainingLoss;
  readonly dataset: LabelledDataset;
  readonly makeStep: MakeStep;
  /** Sets the learning rate, where there is a schedule. */
  readonly setRate: ((rate: number) => void) | undefined;
}

async function* stepsOf(run: Run): AsyncGenerator<TrainingStep, void, undefined> {
  const { dataset, epochs, batchSize, softTargets, schedule, signal } = run;
  const { order, steps } = trainingKeys(run.key);
  const batches = Math.ceil(dataset.size / batchSize);
  let isChecked = !run.check;
  let now = run.from;
  while (now.epoch < epochs) {
    const { epoch } = now;
    if (schedule) run.setRate?.(schedule(epoch));
    const settings = { batchSize, key: foldIn(order, epoch), startBatch: now.batch, softTargets, signal };
    for await (const batch of trainingBatches(dataset, settings)) {
      for await (const { loss, metrics, state } of batchSteps(run, { batch, steps, from: now, check: !isChecked })) {
        const { step, sum, count } = state;
        const endsBatch = state.batch > now.batch;
        yield {
          ...{ epoch, batch: now.batch, batches, step, loss, meanLoss: sum / count },
          learningRate: (run.optimizer as { readonly learningRate?: number }).learningRate,
          ...{ endsBatch, endsEpoch: state.batch === batches, metrics, state },
        };
        now = state;
      }
      isChecked = true;
    }
    now = { epoch: epoch + 1, batch: 0, step: now.step, sum: 0, count: 0 };
  }
}

interface BatchRun {
  readonly batch: DatasetBatch;
  /** The key of all batches. */
  readonly steps: Key;
  readonly from: TrainingState;
  readonly check: boolean;
}

/** The steps of one batch, one for each of its parts. The batch is freed before the last of them is told. */
async function* batchSteps(
  run: Run,
  { batch, steps, from, check }: BatchRun,
): AsyncGenerator<MadeStep & { readonly state: TrainingState }, void, undefined> {
  const { epoch, batch: index, part: begin = 0 } = from;
  const keys = batchKeys(steps, epoch, index);
  const key = run.lossKey?.({ epoch, batch: index }) ?? keys.loss;
  let { step, sum, count } = from;
  let made: MadeStep = { loss: NaN, metrics: undefined };
  let x = batch.x;
  try {
    if (run.augment) x = run.augment(batch.x, { key: keys.crop });
    // The last batch of an epoch may have fewer images than a batch has parts.
    const parts = Math.min(run.microBatches, batch.labels.length);
    let part = 0;
    for (const micro of microBatches({ ...batch, x, key, epoch }, parts)) {
      using own = micro;
      if (part++ < begin) continue;
      if (check && part === begin + 1) await checkTraining(run.loss, own, { inputRange: run.inputRange });
      made = await run.makeStep(own);
      [step, sum, count] = [step + 1, sum + made.loss, count + 1];
      if (part < parts) yield { ...made, state: { epoch, batch: index, part, step, sum, count } };
    }
  } finally {
    x.dispose();
    batch.dispose();
  }
  yield { ...made, state: { epoch, batch: index + 1, step, sum, count } };
}
