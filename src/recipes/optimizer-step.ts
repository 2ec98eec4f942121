import type * as tf from '@tensorflow/tfjs';
import { isLayersModel } from '../classifier/adapt-classifier.ts';
import { trainableVariables } from '../classifier/to-logits-fn.ts';
import { OptionError, refusal } from '../errors.ts';
import { prepareAsync } from '../losses/prepared-step.ts';
import type { PreparedBatch, StepMetrics, TrainingLoss } from '../losses/types.ts';
import type { MicroBatch } from './micro-batches.ts';

/** What a step of an optimizer has come to. @internal */
export interface MadeStep {
  /** The loss before it. */
  readonly loss: number;
  /** The numbers that the loss tells, where they are asked for. */
  readonly metrics: StepMetrics | undefined;
}

/** Makes one step on a batch, whose tensors it may dispose. @internal */
export type MakeStep = (batch: MicroBatch) => Promise<MadeStep>;

interface StepOptions {
  readonly optimizer: tf.Optimizer;
  readonly variables?: readonly tf.Variable[] | undefined;
  readonly metrics: boolean;
}

/** Steps of an optimizer in this thread. Throws OptionError where nobody says what to train. @internal */
export function stepMaker(call: string, loss: TrainingLoss, { optimizer, variables, metrics }: StepOptions): MakeStep {
  const { classifier } = loss;
  const list = variables ?? (isLayersModel(classifier) ? trainableVariables(classifier) : undefined);
  if (list === undefined) {
    const must = 'must be given where the classifier of the loss is no tf.LayersModel';
    throw refusal(OptionError, { call, field: 'variables', value: variables }, must);
  }
  return async (batch) => {
    using prepared = await prepareAsync(loss, batch);
    batch.dispose(); // prepared has a copy
    const scalar = optimizer.minimize(() => prepared.value(), true, [...list]) as tf.Scalar;
    const [value = NaN] = await scalar.data<'float32'>();
    scalar.dispose();
    const told = metrics ? await (prepared as Partial<PreparedBatch>).metrics?.() : undefined;
    return { loss: value, metrics: told };
  };
}

/** Sets the learning rate of an optimizer. Throws OptionError where it has none that can be set. @internal */
export function rateSetter(call: string, optimizer: tf.Optimizer): (rate: number) => void {
  const settable = optimizer as { learningRate?: number; setLearningRate?: (rate: number) => void };
  // Those of tf.train that keep the rate in a tensor, too, have a method for it.
  if (typeof settable.setLearningRate === 'function') return (rate) => settable.setLearningRate?.(rate);
  if (typeof settable.learningRate === 'number') return (rate) => void (settable.learningRate = rate);
  const must = 'must have a learning rate that can be set, for a schedule';
  throw refusal(OptionError, { call, field: 'optimizer', value: optimizer }, must);
}
