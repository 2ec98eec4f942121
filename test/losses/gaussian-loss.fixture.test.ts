import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectGoldenGradients, lossTolerance } from '../helpers/golden.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { lossAndGradients } from './variable-gradients.ts';

interface CohenFixture {
  readonly sigma: number;
  readonly tolerance: Readonly<Record<'losses' | 'gradients', Tolerance>>;
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly labels: readonly number[];
  readonly noise: FixtureArray;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, FixtureArray>>;
}

const fixture = await readFixture<CohenFixture>('cohen.json');

describeBackends('GaussianLoss against the official code', () => {
  it('has the golden loss and gradients', async () => {
    const variables = tinyCnnVariables(fixture.model);
    const x = toTensor(fixture.inputs);
    const noise = tf.tidy(() => tf.expandDims(toTensor(fixture.noise)));
    const loss = new GaussianLoss(tinyCnn(variables), { noise: new GaussianNoise({ sigma: fixture.sigma }) });
    const prepared = loss.prepare({ x, labels: fixture.labels, noise, key: createKey(0) });
    const found = lossAndGradients(() => prepared.value(), variables);
    expect(excess(await found.loss.data(), [fixture.loss], lossTolerance)).toBeLessThanOrEqual(0);
    await expectGoldenGradients(found.gradients, fixture.gradients, fixture.tolerance.gradients);
    prepared.dispose();
    tf.dispose([x, noise, found.loss, found.gradients, variables]);
  });
});
