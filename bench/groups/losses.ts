import * as tf from '@tensorflow/tfjs';
import { foldIn, trainableVariables } from 'catrs';
import { useWasm } from 'catrs/wasm';
import { alternate } from '../rounds.ts';
import { sevenLosses } from '../seven-losses.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { imageBatch, key, labelsOf, makeLenet } from '../subjects.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

/** One step of each loss, attack and update of the weights included: LeNet on WASM, one thread. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  await useWasm({ threads: 1 });
  const batch = quick ? 2 : 64;
  const model = makeLenet();
  const variables = trainableVariables(model);
  const given = { x: imageBatch(batch), labels: labelsOf(batch), epoch: 0 };
  let steps = 0;
  const losses = sevenLosses(model, { steps: 4 });
  const works = Object.fromEntries(
    Object.entries(losses).map(([name, loss]) => {
      const optimizer = tf.train.momentum(0.001, 0.9);
      const step = async (): Promise<void> => {
        using prepared = loss.prepare({ ...given, key: foldIn(key, steps++) });
        const cost = optimizer.minimize(() => prepared.value(), true, variables)!;
        await cost.data();
        cost.dispose();
      };
      return [name, step];
    }),
  );
  const seconds = await alternate(works, { rounds: quick ? 1 : 5 });
  const figures = Object.fromEntries(
    Object.entries(seconds).map(([name, each]) => [
      name,
      {
        'images/s': rates(batch, each),
        'in steps of Gaussian training': significant(pairedRatio(each, seconds['Gaussian']!)),
      },
    ]),
  );
  return { figures: { 'one training step, LeNet, WASM, one thread, batch 64': figures } };
}
