import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, toTensor } from '../helpers/fixtures.ts';
import { expectGolden } from '../helpers/golden.ts';
import { tinyCnn, tinyCnnWeights } from '../helpers/tiny-cnn.ts';
import { imageMajor, noiseMajor, readSmoothAdv } from './smooth-adv-fixture.ts';

const { cases, sigma, tolerance } = await readSmoothAdv();
const ddnCases = cases.filter(({ attack }) => attack === 'DDN');

it('finds golden cases for one and for four noises', () => {
  expect(ddnCases.map(({ num_noise_vectors: m, max_norm }) => [m, max_norm])).toEqual([
    [1, 1],
    [4, 1],
    [1, 0.5],
  ]);
});

describeBackends('SmoothedDdn against the official code', () => {
  it.each(ddnCases)('$num_noise_vectors noises, norm $max_norm', async (golden) => {
    const { num_noise_vectors: numNoise, steps, max_norm: epsilon, init_norm: initialNorm, gamma, labels } = golden;
    const weights = tinyCnnWeights(golden.model);
    const x = toTensor(golden.inputs);
    const copies = toTensor(golden.noise);
    const noise = noiseMajor(copies, numNoise);
    const target = targetOf(tinyCnn(weights), new GaussianNoise({ sigma }), [0, 1]);
    const attack = new SmoothedDdn({ epsilon, steps, numNoise, initialNorm, gamma });
    const attacked = attack.perturb(target, { x, labels, noise, key: createKey(0) });
    const repeated = imageMajor(attacked, numNoise);
    await expectGolden(repeated, golden.adv, tolerance.attack);
    const lengths = tf.tidy(() => tf.norm(tf.reshape(tf.sub(attacked, x), [labels.length, -1]), 2, 1));
    expect(excess(await lengths.data(), golden.delta_norm.data, tolerance.attack)).toBeLessThanOrEqual(0);
    tf.dispose([weights, x, copies, noise, attacked, repeated, lengths]);
  });
});
