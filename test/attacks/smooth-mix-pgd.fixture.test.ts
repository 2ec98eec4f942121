import * as tf from '@tensorflow/tfjs';
import { it } from 'vitest';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { createKey } from '../../src/random/key.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends } from '../helpers/backends.ts';
import { type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectGolden } from '../helpers/golden.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnWeights } from '../helpers/tiny-cnn.ts';

interface SmoothMixFixture {
  readonly tolerance: { readonly attack: Tolerance };
  readonly sigma: number;
  readonly M: number;
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly labels: readonly number[];
  readonly noises: FixtureArray;
  readonly cases: readonly {
    readonly steps: number;
    readonly alpha: number;
    readonly mix_step: number;
    readonly maxnorm: number | null;
    readonly init: FixtureArray;
    readonly adv: FixtureArray;
  }[];
}

const fixture = await readFixture<SmoothMixFixture>('smoothmix.json');

describeBackends('SmoothMixPgd against the official code', () => {
  it.each(fixture.cases)('mixStep $mix_step, epsilon $maxnorm', async (golden) => {
    const weights = tinyCnnWeights(fixture.model);
    const x = toTensor(fixture.inputs);
    const noise = toTensor(fixture.noises);
    const attack = new SmoothMixPgd({
      stepSize: golden.alpha,
      steps: golden.steps,
      mixStep: golden.mix_step,
      numNoise: fixture.M,
      ...(golden.maxnorm !== null && { epsilon: golden.maxnorm }),
    });
    const pair = attack.perturb(targetOf(tinyCnn(weights), undefined, [0, 1]), {
      x,
      labels: fixture.labels,
      noise,
      key: createKey(0),
    });
    await expectGolden(pair.clean, golden.init, fixture.tolerance.attack);
    await expectGolden(pair.adversary, golden.adv, fixture.tolerance.attack);
    pair.dispose();
    tf.dispose([weights, x, noise]);
  });
});
