import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, foldIn } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { useTrainers } from './start.ts';
import { makeModel, trainerOf } from './trainer-module.ts';

const start = useTrainers();
beforeAll(() => useBackend('wasm'));

describe('steps of threads on WASM, which read and write the memory of the backend', () => {
  it('are those of one thread but for rounding, the same bits in each run, and leave no tensors', async () => {
    const trainers = await start({ workers: 2, data: 'plain, wasm' });
    const key = createKey(11);
    const values = new Float32Array(7 * 5);
    fillUniforms(values, { key, start: 0, dimension: 5 });
    const train = async (isShared: boolean): Promise<number[][]> => {
      const model = makeModel('plain');
      const { loss, variables } = trainerOf(model);
      const sgd = new Sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3 });
      const x = tf.tensor(values, [7, 5]);
      const losses: number[] = [];
      for (let step = 0; step < 4; step++) {
        const batch = { x, labels: [0, 1, 2, 0, 1, 2, 0], key: foldIn(key, step) };
        if (isShared) losses.push(await trainers.minimize(sgd, variables, batch));
        else {
          using prepared = loss.prepare(batch);
          const value = sgd.minimize(() => prepared.value(), true, [...variables])!;
          losses.push((await value.data())[0]!);
          value.dispose();
        }
      }
      const weights = await Promise.all(variables.map((variable) => variable.data()));
      x.dispose();
      sgd.dispose();
      model.dispose();
      return [losses, ...weights.map((each) => [...each])];
    };
    await expectNoLeak(async () => {
      const [alone, together] = [await train(false), await train(true)];
      alone.forEach((row, i) => row.forEach((value, j) => expect(together[i]![j]).toBeCloseTo(value, 5)));
      expect(await train(true)).toEqual(together);
    });
  });
});
