/** What the threads of a training step on two cores load. */
import { trainableVariables, type TrainingLoss } from 'catrs';
import type * as tf from '@tensorflow/tfjs';
import type { Trainer } from 'catrs/node';
import { lossOf, methodNames } from '../methods.ts';
import { readSubject } from '../subject-files.ts';
import { useEngine } from './engines.ts';
import type { ProcessSetting, StepWork } from './setting.ts';

/** What a thread is sent. */
export type TrainerData = Pick<ProcessSetting, 'engine' | 'files'> & Pick<StepWork, 'network'>;

/**
 * Makes the objectives of a thread: one team serves all methods. The epoch of a batch is the number of its method, as none of the losses
 * here depends on the epoch.
 */
export async function makeTrainer({ engine, files, network }: TrainerData): Promise<Trainer> {
  await useEngine(engine);
  const { model } = await readSubject(files, network);
  const statistics = model.weights.filter(({ trainable }) => !trainable).map((weight) => weight.read() as tf.Variable);
  const losses = methodNames.map((name) => lossOf(name, model));
  const loss: TrainingLoss = {
    classifier: model,
    prepare: (batch) => losses[batch.epoch!]!.prepare({ ...batch, epoch: 0 }),
  };
  return { loss, variables: trainableVariables(model), statistics };
}
