import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { describeBackends } from '../helpers/backends.ts';
import { toTensor } from '../helpers/fixtures.ts';
import { expectGolden } from '../helpers/golden.ts';
import { tinyCnn, tinyCnnModel, tinyCnnWeights } from '../helpers/tiny-cnn.ts';
import { readCatrs } from '../losses/catrs-fixture.ts';

const fixture = await readCatrs();

describeBackends('NoisePgd against the official code', () => {
  it.each(fixture.attacks)('has the attacked noises of $steps steps with norm $max_norm', async (golden) => {
    const attack = new NoisePgd({ epsilon: golden.max_norm, steps: golden.steps });
    expect(attack.stepSize).toBe(golden.alpha);
    const weights = tinyCnnWeights(fixture.model);
    const request = { x: toTensor(fixture.inputs), noise: toTensor(fixture.noises), softTargets: toTensor(fixture.pb) };
    const attacked = attack.perturb(tinyCnn(weights), request);
    await expectGolden(attacked, golden.noises_adv, fixture.tolerance.attack);
    tf.dispose([weights, request, attacked]);
  });

  it('is the same for a layers model, which frees its intermediate tensors in inference mode', async () => {
    const golden = fixture.attacks.find(({ steps }) => steps === 4)!;
    const model = tinyCnnModel(fixture.model);
    const request = { x: toTensor(fixture.inputs), noise: toTensor(fixture.noises), softTargets: toTensor(fixture.pb) };
    const attacked = new NoisePgd({ epsilon: golden.max_norm, steps: 4 }).perturb(model, request);
    await expectGolden(attacked, golden.noises_adv, fixture.tolerance.attack);
    tf.dispose([request, attacked]);
    model.dispose();
  });
});
