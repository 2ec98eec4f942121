import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectGolden } from '../helpers/golden.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnWeights } from '../helpers/tiny-cnn.ts';
import { imageMajor, noiseMajor, readSmoothAdv } from './smooth-adv-fixture.ts';

const { cases, sigma, tolerance } = await readSmoothAdv();
const pgdCases = cases.filter(({ attack }) => attack === 'PGD_L2');

it('finds golden cases for one and for four noises, with and without gradient', () => {
  expect(pgdCases.map(({ num_noise_vectors: m, steps, no_grad }) => [m, steps, no_grad])).toEqual([
    [1, 1, false],
    [1, 4, false],
    [4, 1, false],
    [4, 1, true],
    [4, 4, false],
    [4, 4, true],
  ]);
});

describeBackends('SmoothedPgd against the official code', () => {
  it.each(pgdCases)('$num_noise_vectors noises, $steps steps, gradient-free: $no_grad', async (golden) => {
    const { num_noise_vectors: numNoise, steps, max_norm: epsilon, no_grad: gradientFree, labels } = golden;
    const weights = tinyCnnWeights(golden.model);
    const x = toTensor(golden.inputs);
    const copies = toTensor(golden.noise);
    const noise = noiseMajor(copies, numNoise);
    const target = targetOf(tinyCnn(weights), new GaussianNoise({ sigma }), [0, 1]);
    const attack = new SmoothedPgd({ epsilon, steps, numNoise, gradientFree });
    const attacked = attack.perturb(target, { x, labels, noise, key: createKey(0) });
    const repeated = imageMajor(attacked, numNoise);
    await expectGolden(repeated, golden.adv, tolerance.attack);
    const lengths = tf.tidy(() => tf.norm(tf.reshape(tf.sub(attacked, x), [labels.length, -1]), 2, 1));
    expect(excess(await lengths.data(), golden.delta_norm.data, tolerance.attack)).toBeLessThanOrEqual(0);
    tf.dispose([weights, x, copies, noise, attacked, repeated, lengths]);
  });
});

interface ConsistencyFixture {
  readonly tolerance: { readonly attack: Tolerance };
  readonly sigma: number;
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly labels: readonly number[];
  readonly noises: FixtureArray;
  readonly smoothadv_pgd: readonly {
    readonly m: number;
    readonly steps: number;
    readonly max_norm: number;
    readonly adv: FixtureArray;
  }[];
}

const consistency = await readFixture<ConsistencyFixture>('consistency.json');

describeBackends('SmoothedPgd in the order of Consistency against the official code', () => {
  it.each(consistency.smoothadv_pgd)('$m noises, $steps steps', async ({ m: numNoise, steps, max_norm, adv }) => {
    const weights = tinyCnnWeights(consistency.model);
    const x = toTensor(consistency.inputs);
    const noise = tf.tidy(() => tf.slice(toTensor(consistency.noises), 0, numNoise));
    const target = targetOf(tinyCnn(weights), new GaussianNoise({ sigma: consistency.sigma }), [0, 1]);
    const attack = new SmoothedPgd({
      epsilon: max_norm,
      steps,
      numNoise,
      order: 'shorten-then-clip',
    });
    const attacked = attack.perturb(target, { x, labels: consistency.labels, noise, key: createKey(0) });
    await expectGolden(attacked, adv, consistency.tolerance.attack);
    tf.dispose([weights, x, noise, attacked]);
  });
});
