import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from '../../src/losses/types.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { describeContract } from '../helpers/backends.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { sevenLosses } from '../losses/seven-losses.ts';

const { model } = await readFixture<{ readonly model: TinyCnnFixture }>('tinycnn.json');

/** Trains with every loss on every backend: so many steps, or fewer where a step takes about 0.2 s, on the software adapter of the browser project. */
export function describeTraining(mostSteps: number): void {
  describeContract('training for long', sevenLosses, ({ make }, backend) => {
    const steps = backend === 'webgpu' ? Math.min(15, mostSteps) : mostSteps;

    it(`holds after ${steps} steps what it held after the first`, async () => {
      const variables = tinyCnnVariables(model);
      const loss = make(tinyCnn(variables), 2, 1) as TrainingLoss<TrainingBatch, PreparedBatch>;
      const optimizer = tf.train.momentum(0.001, 0.9); // its first step makes the momentum of every variable
      const weights = Object.values(variables);
      const key = createKey(0);
      const memory = (): number[] => {
        const { numTensors, numBytes, numDataBuffers } = tf.memory();
        return [numTensors, numBytes, numDataBuffers];
      };
      const step = async (index: number): Promise<void> => {
        const x = tf.fill([2, 8, 8, 1], 0.5);
        using prepared = loss.prepare({ x, labels: [0, 2], key: foldIn(key, index), epoch: index });
        optimizer.minimize(() => prepared.value(), false, weights);
        x.dispose();
        const { loss: value, accuracy } = await prepared.metrics();
        expect(Number.isFinite(value) && accuracy >= 0 && accuracy <= 1).toBe(true);
      };
      await step(0);
      const afterFirst = memory();
      for (let index = 1; index < steps; index++) {
        await step(index);
        if (index % 5 === 0) await tf.nextFrame(); // a device frees what its queue still holds
      }
      expect(memory()).toEqual(afterFirst);
      const trained = await weights[0]!.data();
      expect(trained.every(Number.isFinite)).toBe(true);
      optimizer.dispose();
      tf.dispose(variables);
    });
  });
}
