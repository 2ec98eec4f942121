/** What the worker threads of the training tests load: a small network, with or without batch normalisation, and faults at some epochs. */
import * as tf from '@tensorflow/tfjs';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { trainableVariables } from '../../src/classifier/to-logits-fn.ts';
import { OptionError } from '../../src/errors.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import type { TrainingBatch } from '../../src/losses/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import type { Trainer } from '../../src/node/start-trainers.ts';
import { useWasm } from '../../src/wasm/index.ts';

/** Ways to go wrong, by the epoch at which the thread that does not have image 0 goes wrong. */
const faults: Readonly<Record<number, () => void>> = {
  100: () => process.exit(3),
  101: () => {
    throw new TypeError('boom\nand more');
  },
  102: () => {
    throw new OptionError('`epsilon` must be small, got 9', { call: 'NoisePgd', field: 'epsilon', value: 9 });
  },
  103: () => {
    for (;;);
  },
};

/** What the tests send. */
export type TrainerData = 'plain' | 'plain, wasm' | 'norm' | 'norm, not listed' | 'nothing';

/** The network, the same in every thread up to its weights. */
export function makeModel(data: TrainerData, seed = 1): tf.LayersModel {
  const kernelInitializer = tf.initializers.glorotUniform({ seed });
  return tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [5], units: 6, activation: 'relu', kernelInitializer }),
      ...(data.startsWith('plain') ? [] : [tf.layers.batchNormalization({ momentum: 0.5 })]),
      tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.glorotUniform({ seed: seed + 1 }) }),
    ],
  });
}

/** The objective and the lists of variables of a network. */
export function trainerOf(model: tf.LayersModel): Required<Trainer> & { readonly loss: ConfidenceAwareLoss } {
  const attack = new NoisePgd({ epsilon: 0.5, steps: 2 });
  const loss = new ConfidenceAwareLoss(model, { noise: new GaussianNoise({ sigma: 0.5 }), attack, lambda: 0.5 });
  const statistics = model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
  return { loss, variables: trainableVariables(model), statistics };
}

/** Makes the trainer in a thread. */
export async function makeTrainer(data: TrainerData): Promise<Trainer> {
  if (data === 'plain, wasm') await useWasm({ threads: 1 });
  else await tf.setBackend('cpu');
  if (data === 'nothing') return { loss: {} } as never;
  const { loss, variables, statistics } = trainerOf(makeModel(data, 50));
  const look = (batch: TrainingBatch): TrainingBatch => {
    if (batch.firstImage !== 0) faults[batch.epoch ?? 0]?.();
    assertNoLeak(batch);
    return batch;
  };
  const watched = {
    prepare: (batch: TrainingBatch) => loss.prepare(look(batch)),
    prepareAsync: async (batch: TrainingBatch) => loss.prepareAsync(look(batch)),
  };
  return { loss: watched, variables, ...(data !== 'norm, not listed' && { statistics }) };
}

const tensors: number[] = [];

/** Fails in the third step of a thread if there are more tensors than in the second. */
function assertNoLeak(batch: TrainingBatch): void {
  const given = Object.values(batch).filter((field) => field instanceof tf.Tensor);
  tensors.push(tf.memory().numTensors - given.length);
  const [, second = 0] = tensors;
  if (tensors.length > 2 && tensors.at(-1) !== second) throw new Error(`tensors: ${tensors.join(', ')}`);
}
