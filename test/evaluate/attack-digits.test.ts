import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { brokenCertificates, empiricalRobustAccuracy } from '../../src/evaluate/attacked-metrics.ts';
import { certifiedAccuracy } from '../../src/evaluate/metrics.ts';
import { useBackend } from '../helpers/backends.ts';
import { attackDigits } from './attack-digits.ts';

// False alarm: 20 images, certified once and attacked three times, each wrong with probability of at most 1e-9: 8e-8. The keys are fixed.
it('a network that was trained on digits has its certified accuracy below the one under attack', async () => {
  await useBackend('wasm');
  const initial = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [28, 28, 1] }),
      tf.layers.dense({ units: 64, activation: 'relu', kernelInitializer: initial(1) }),
      tf.layers.dense({ units: 10, kernelInitializer: initial(2) }),
    ],
  });
  const radii = [0.25, 0.5, 1.5];
  const sizes = { trainingSteps: 60, images: 20, n: 1000, votes: 300, alpha: 1e-9, steps: 10, numNoise: 8 };
  const { certified, attacked } = await attackDigits({ model, radii, ...sizes });
  const lower = certifiedAccuracy(certified, radii);
  const upper = attacked.map(empiricalRobustAccuracy);
  lower.forEach((accuracy, i) => expect(accuracy).toBeLessThanOrEqual(upper[i]!));
  expect(attacked.map((rows) => brokenCertificates(certified, rows).length)).toEqual([0, 0, 0]);
  // Training, certificates and attacks all do something.
  expect(lower[1]).toBeGreaterThan(0.2);
  expect(upper[2]).toBeLessThan(0.5);
  attacked.flat().forEach(({ distance }) => expect(distance).toBeLessThan(1.5001));
});
