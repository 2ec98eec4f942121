import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import {
  CauchyNoise,
  createKey,
  GaussianNoise,
  LaplaceNoise,
  SoundGaussianNoise,
  UniformNoise,
} from '../../src/index.ts';
import type { Noise } from '../../src/noise/types.ts';
import { sampleRange, tensorCopies } from '../../src/smoothed/noisy-copies.ts';
import { arraysForTensors } from '../../src/tensors/own-tensor.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const noises: readonly Noise[] = [
  new GaussianNoise({ sigma: 0.25 }),
  new LaplaceNoise({ scale: 0.3 }),
  new UniformNoise({ halfWidth: 0.5 }),
  new CauchyNoise({ scale: 0.1 }),
  new SoundGaussianNoise({ sigma: 0.5 }),
];

describeBackends('copies of several examples', () => {
  it.each(noises.map((noise) => [noise.name, noise] as const))('are to the bit those of each alone: %s', (_, noise) =>
    expectNoLeak(async () => {
      const shape = [3, 2, 1];
      const images = [0, 1, 2].map((i) => Float32Array.from({ length: 6 }, (_, j) => ((7 * i + j) % 9) / 8));
      const parts = images.map((values, i) => ({ x: tf.tensor(values.slice(), shape), values, count: [5, 1, 9][i]! }));
      const request = (i: number, count: number) => ({ key: createKey(i), start: 100 * i, count });
      const failed = new Set<number>();
      const ranges = parts.map(({ x, values, count }, i) => sampleRange(noise, x, request(i, count), values));
      const together = tf.tidy(() => tensorCopies(ranges, failed, arraysForTensors()));
      expect(together.shape).toEqual([15, ...shape]);
      const arrayOf = arraysForTensors();
      const alone: number[] = [];
      for (const [i, { x, count }] of parts.entries()) {
        const copies = tf.tidy(() => tensorCopies([sampleRange(noise, x, request(i, count))], failed, arrayOf));
        alone.push(...(await copies.data()));
        copies.dispose();
      }
      expect([...(await together.data())]).toEqual(alone);
      tf.dispose([together, ...parts.map(({ x }) => x)]);
    }),
  );
});
