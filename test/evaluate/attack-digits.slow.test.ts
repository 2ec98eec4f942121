import { expect, it } from 'vitest';
import { brokenCertificates, empiricalRobustAccuracy } from '../../src/evaluate/attacked-metrics.ts';
import { certifiedAccuracy } from '../../src/evaluate/metrics.ts';
import { lenet } from '../../src/models/lenet.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { attackDigits } from './attack-digits.ts';

// False alarm: 40 images, certified once and attacked three times, each wrong with probability of at most 1e-9: 1.6e-7. The keys are fixed.
it('a LeNet that was trained on digits has its certified accuracy below the one under attack', async () => {
  await useBackend('wasm');
  const radii = [0.25, 0.5, 2];
  const sizes = { trainingSteps: 150, images: 40, n: 2000, votes: 500, alpha: 1e-9, steps: 10, numNoise: 8 };
  const { certified, attacked } = await attackDigits({ model: lenet({ key: createKey(0) }), radii, ...sizes });
  const lower = certifiedAccuracy(certified, radii);
  const upper = attacked.map(empiricalRobustAccuracy);
  lower.forEach((accuracy, i) => expect(accuracy).toBeLessThanOrEqual(upper[i]!));
  expect(attacked.map((rows) => brokenCertificates(certified, rows).length)).toEqual([0, 0, 0]);
  // Training, certificates and attacks all do something.
  expect(lower[0]).toBeGreaterThan(0.6);
  expect(upper[2]).toBeLessThan(lower[0]! - 0.2);
});
