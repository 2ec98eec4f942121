import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { almostBlack, black, DISTANCE, halfSpace, HALF_SPACE_DISTANCE, leak, SIGMA } from './floating-point-leak.ts';

const N = 20_000;
const ALPHA = 0.001;

describe('the floating-point gap with 20 000 votes', () => {
  let x: tf.Tensor;
  let neighbour: tf.Tensor;
  beforeAll(async () => {
    await useBackend('wasm');
    x = black();
    neighbour = almostBlack();
  });
  afterAll(() => tf.dispose([x, neighbour]));

  it('plain Gaussian noise certifies more than 0.51 and is wrong at 0.217', async () => {
    const g = new SmoothedClassifier(leak, { noise: new GaussianNoise({ sigma: SIGMA }), numClasses: 2 });
    const certificate = await g.certify(x, { key: createKey(0), n: N, alpha: ALPHA });
    expect(certificate.label).toBe(1);
    // 19 752 votes on average, which give 0.542; six standard deviations fewer, 19 657, still give 0.512
    expect(certificate.radius).toBeGreaterThan(0.51);
    expect(DISTANCE).toBeLessThan(0.218);
    const [, votes = NaN] = await g.sampleCounts(neighbour, { key: createKey(1), n: N });
    expect(votes).toBeLessThan(N / 1000);
  });

  it('sound noise gives the same votes at both', async () => {
    const g = new SmoothedClassifier(leak, { noise: new SoundGaussianNoise({ sigma: SIGMA }), numClasses: 2 });
    const certificate = await g.certify(x, { key: createKey(0), n: N, alpha: ALPHA });
    expect(certificate).toMatchObject({ label: 0, counts: [N, 0], failures: 0 });
    expect(await g.sampleCounts(neighbour, { key: createKey(1), n: N })).toEqual([N, 0]);
  });

  it('sound noise certifies a half-space closely, and never beyond its distance', async () => {
    const g = new SmoothedClassifier(halfSpace, { noise: new SoundGaussianNoise({ sigma: SIGMA }), numClasses: 2 });
    const certificate = await g.certify(x, { key: createKey(2), n: N, alpha: ALPHA });
    // p = Phi(1.2) = 0.8849: beyond the distance with probability 0.001, and further than 0.025 below it with less than 1e-9.
    expect(certificate.radius).toBeLessThanOrEqual(HALF_SPACE_DISTANCE);
    expect(certificate.radius).toBeGreaterThan(HALF_SPACE_DISTANCE - 0.025);
    // Phi((0.3 - 0.2173) / 0.25) = 0.6296, standard error 0.0034
    const [, votes = NaN] = await g.sampleCounts(neighbour, { key: createKey(3), n: N });
    expect(Math.abs(votes / N - 0.6296)).toBeLessThan(0.021);
  });
});
