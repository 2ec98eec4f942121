import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { almostBlack, black, DISTANCE, halfSpace, HALF_SPACE_DISTANCE, leak, SIGMA } from './floating-point-leak.ts';

// The demonstration of the floating-point gap with few votes; floating-point-leak.slow.test.ts has all 20 000.
const N = 1000;

describe('a classifier that reads low-order bits', () => {
  let x: tf.Tensor;
  let neighbour: tf.Tensor;
  beforeAll(async () => {
    await useBackend('wasm');
    x = black();
    neighbour = almostBlack();
  });
  afterAll(() => tf.dispose([x, neighbour]));

  it('has a certificate under plain Gaussian noise that is wrong inside its radius', async () => {
    const g = new SmoothedClassifier(leak, { noise: new GaussianNoise({ sigma: SIGMA }), numClasses: 2 });
    const certificate = await g.certify(x, { key: createKey(0), n: N });
    expect(certificate).toMatchObject({ label: 1, domain: 'real', assumptions: ['real arithmetic'] });
    // p = 0.98758 (4.388 such coordinates on average); fewer than 960 votes have probability below 1e-10 for a random key
    expect(certificate.radius).toBeGreaterThan(0.38);
    const [, votes = NaN] = await g.sampleCounts(neighbour, { key: createKey(1), n: N });
    expect(votes / N).toBeLessThan(0.01); // though the certificate says: more than one half
    expect(DISTANCE).toBeLessThan(certificate.radius);
  });

  it('is the same at the neighbour under sound noise', async () => {
    const g = new SmoothedClassifier(leak, { noise: new SoundGaussianNoise({ sigma: SIGMA }), numClasses: 2 });
    const certificate = await g.certify(x, { key: createKey(0), n: N });
    expect(certificate).toMatchObject({ label: 0, domain: 'uint8', failures: 0, noise: { name: 'sound-gaussian' } });
    expect(certificate.radius).toBeGreaterThan(DISTANCE);
    expect(certificate.assumptions).toContain('8-bit input');
    // No lattice number but 0 is below 2^-11: the low-order bits say nothing, at any x.
    expect(certificate.counts).toEqual([N, 0]);
    expect(await g.sampleCounts(neighbour, { key: createKey(1), n: N })).toEqual([N, 0]);
  });
});

describe('a half-space under sound noise', () => {
  it('is certified up to its true distance, and one level brighter it has the votes of the shifted Gaussian', async () => {
    await useBackend('wasm');
    const x = black();
    const neighbour = almostBlack();
    const g = new SmoothedClassifier(halfSpace, { noise: new SoundGaussianNoise({ sigma: SIGMA }), numClasses: 2 });
    const certificate = await g.certify(x, { key: createKey(2), n: N });
    // p = Phi(1.2) = 0.8849. For a random key: beyond the distance with probability 1e-3, not above 0.2174 with 5e-5.
    expect(certificate.label).toBe(1);
    expect(certificate.radius).toBeLessThanOrEqual(HALF_SPACE_DISTANCE);
    expect(certificate.radius).toBeGreaterThan(DISTANCE);
    // At the neighbour p = Phi((0.3 - 0.2173) / 0.25) = 0.6296, standard error 0.0153; six of them: 2e-9.
    const [, votes = NaN] = await g.sampleCounts(neighbour, { key: createKey(3), n: N });
    expect(Math.abs(votes / N - 0.6296)).toBeLessThan(0.092);
    tf.dispose([x, neighbour]);
  });
});
