/** What the threads of a training step on two cores load. */
import { prepareAsync, trainableVariables, type TrainingBatch, type TrainingLoss } from 'catrs';
import type * as tf from '@tensorflow/tfjs';
import type { Trainer } from 'catrs/node';
import { lossOf, methodNames } from '../methods.ts';
import { readSubject } from '../subject-files.ts';
import { useEngine } from './engines.ts';
import type { ProcessSetting, StepWork } from './setting.ts';

/** What a thread is sent. */
export type TrainerData = Pick<ProcessSetting, 'engine' | 'files'> & Pick<StepWork, 'network'>;

/**
 * What a batch for the team is: as its epoch, since none of the losses here depends on the epoch. Of each method there are two numbers, one for
 * the step that makes all passes.
 */
export function epochOf({ method, dense }: Pick<StepWork, 'method' | 'dense'>): number {
  return 2 * methodNames.indexOf(method) + Number(dense);
}

/** Makes the objectives of a thread: one team serves all methods. */
export async function makeTrainer({ engine, files, network }: TrainerData): Promise<Trainer> {
  await useEngine(engine);
  const { model } = await readSubject(files, network);
  const statistics = model.weights.filter(({ trainable }) => !trainable).map((weight) => weight.read() as tf.Variable);
  const losses = methodNames.map((name) => lossOf(name, model));
  const asked = ({ epoch, ...batch }: TrainingBatch) => ({
    loss: losses[epoch! >> 1]!,
    dense: epoch! % 2 === 1,
    batch: { ...batch, epoch: 0 },
  });
  const prepare: TrainingLoss['prepare'] = (given) => {
    const { loss, batch } = asked(given);
    return loss.prepare(batch);
  };
  const loss: TrainingLoss = {
    classifier: model,
    prepare,
    prepareAsync: async (given) => {
      const { loss, dense, batch } = asked(given);
      return dense ? loss.prepare(batch) : prepareAsync(loss, batch);
    },
  };
  return { loss, variables: trainableVariables(model), statistics };
}
