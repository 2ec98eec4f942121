/** What the threads of a training step on two cores load. */
import { trainableVariables } from 'catrs';
import type * as tf from '@tensorflow/tfjs';
import type { Trainer } from 'catrs/node';
import { lossOf } from '../methods.ts';
import { readSubject } from '../subject-files.ts';
import { useEngine } from './engines.ts';
import type { ProcessSetting, StepWork } from './setting.ts';

/** What a thread is sent. */
export type TrainerData = Pick<ProcessSetting, 'engine' | 'files'> & Pick<StepWork, 'network' | 'method'>;

/** Makes the objective of a thread. */
export async function makeTrainer({ engine, files, network, method }: TrainerData): Promise<Trainer> {
  await useEngine(engine);
  const { model } = await readSubject(files, network);
  const statistics = model.weights.filter(({ trainable }) => !trainable).map((weight) => weight.read() as tf.Variable);
  return { loss: lossOf(method, model), variables: trainableVariables(model), statistics };
}
