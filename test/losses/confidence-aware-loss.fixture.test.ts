import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { bottomKCrossEntropy, voteFrequency, worstCaseKl } from '../../src/losses/confidence-aware-terms.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { crossEntropyRows, klRows } from '../../src/tensors/cross-entropy.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, toTensor } from '../helpers/fixtures.ts';
import { expectGolden, expectGoldenGradients, lossTolerance } from '../helpers/golden.ts';
import { tinyCnn, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { readCatrs } from './catrs-fixture.ts';
import { lossAndGradients } from './variable-gradients.ts';

const fixture = await readCatrs();
const { tolerance } = fixture;
const exact = { atol: 0, rtol: 0 };

describeBackends('CAT-RS against the official code', () => {
  let variables: ReturnType<typeof tinyCnnVariables>;
  let t: Record<'x' | 'pb' | 'noises' | 'logits0' | 'labels', tf.Tensor>;

  beforeAll(() => {
    variables = tinyCnnVariables(fixture.model);
    t = {
      x: toTensor(fixture.inputs),
      pb: toTensor(fixture.pb),
      noises: toTensor(fixture.noises),
      logits0: toTensor(fixture.logits0),
      labels: tf.tensor1d([...fixture.labels], 'int32'),
    };
  });
  afterAll(() => tf.dispose([variables, t]));

  /** The loss with everything given that the official code drew. */
  function prepared(
    options: { lambda: number; confidenceMask?: boolean },
    given: { k?: tf.Tensor; noiseAdv?: tf.Tensor },
  ) {
    const noise = new GaussianNoise({ sigma: fixture.sigma });
    const attack = { perturb: () => expect.fail('the attack must not run where its result is given') };
    const loss = new ConfidenceAwareLoss(tinyCnn(variables), { noise, attack, numNoise: fixture.M, ...options });
    const batch = { x: t.x, labels: t.labels, softTargets: t.pb, noise: t.noises, key: createKey(0), ...given };
    return loss.prepare(batch);
  }

  it('has the cross entropies of all noisy copies', async () => {
    const rows = tf.tidy(() => tf.transpose(crossEntropyRows(t.logits0, t.labels as tf.Tensor1D)));
    await expectGolden(rows, fixture.cross_entropy, lossTolerance);
    rows.dispose();
  });

  it('has the vote frequencies, exactly', async () => {
    const w = voteFrequency(t.logits0 as tf.Tensor3D, t.labels as tf.Tensor1D);
    await expectGolden(w, fixture.w, exact);
    w.dispose();
  });

  it.each(fixture.k_vectors)('has the bottom-K cross entropies for K $name', async ({ k, l_low }) => {
    const count = tf.tensor1d([...k]);
    const low = bottomKCrossEntropy(t.logits0 as tf.Tensor3D, t.labels as tf.Tensor1D, count);
    await expectGolden(low, l_low, lossTolerance);
    tf.dispose([count, low]);
  });

  it.each(fixture.attacks)(
    'has the divergences of the attacked noises ($steps steps, norm $max_norm)',
    async (attack) => {
      const logits = toTensor<tf.Rank.R3>(attack.logits_adv);
      const rows = tf.tidy(() => tf.transpose(klRows(logits, t.pb)));
      await expectGolden(rows, attack.kl, lossTolerance);
      const worst = worstCaseKl(logits, t.pb as tf.Tensor2D);
      await expectGolden(worst, attack.loss_klw, lossTolerance);
      tf.dispose([logits, rows, worst]);
    },
  );

  it.each(fixture.k_vectors)('has the mask 1[K = M] for K $name', async ({ k, mask }) => {
    const given = { k: tf.tensor1d([...k]), noiseAdv: t.noises };
    const batch = prepared({ lambda: 1 }, given);
    batch.value().dispose();
    const found = await batch.perImage();
    expect(found.mask).toEqual(mask);
    expect(found.k).toEqual(k);
    batch.dispose();
    given.k.dispose();
  });

  it('takes the confidence from the soft targets with confidenceMask', async () => {
    const batch = prepared({ lambda: 1, confidenceMask: true }, { noiseAdv: t.noises });
    batch.value().dispose();
    const uniforms = await batch.uniforms.data();
    const expected = fixture.w_confidence_mask.data.map((p, b) => {
      const below = [0, 1, 2, 3].filter((j) => uniforms[b * fixture.M + j]! < p).length;
      return Math.max(1, below);
    });
    const { k, pHat } = await batch.perImage();
    expect(k).toEqual(expected);
    expect(excess(pHat, fixture.w_confidence_mask.data, lossTolerance)).toBeLessThanOrEqual(0);
    batch.dispose();
  });

  describe.each(fixture.attacks.map((attack, index) => ({ ...attack, index })))(
    'totals after $steps steps with norm $max_norm',
    ({ index, noises_adv }) => {
      it.each(fixture.totals.filter(({ attack }) => attack === index))('K $k_vector, lambda $lbd', async (total) => {
        const { k } = fixture.k_vectors.find(({ name }) => name === total.k_vector)!;
        const given = { k: tf.tensor1d([...k]), noiseAdv: toTensor(noises_adv) };
        const batch = prepared({ lambda: total.lbd }, given);
        const found = lossAndGradients(() => batch.value(), variables);
        expect(excess(await found.loss.data(), [total.loss], lossTolerance)).toBeLessThanOrEqual(0);
        await expectGoldenGradients(found.gradients, total.gradients, tolerance.gradients);
        const terms = batch.terms();
        const lowMean = tf.mean(terms.low);
        expect(excess(await lowMean.data(), [total.l_low_mean], lossTolerance)).toBeLessThanOrEqual(0);
        batch.dispose();
        tf.dispose([given, found.loss, found.gradients, lowMean, { ...terms }]);
      });
    },
  );

  it('has a golden total also when it runs the attack itself', async () => {
    const index = fixture.attacks.findIndex(({ steps, max_norm }) => steps === 4 && max_norm === 1);
    const total = fixture.totals.find(
      ({ attack, k_vector, lbd }) => attack === index && lbd === 2 && k_vector === 'all_M',
    )!;
    const noise = new GaussianNoise({ sigma: fixture.sigma });
    const attack = new NoisePgd({ epsilon: 1, steps: 4 });
    const loss = new ConfidenceAwareLoss(tinyCnn(variables), { noise, attack, lambda: 2 });
    const k = tf.fill([5], fixture.M);
    const batch = loss.prepare({ x: t.x, labels: t.labels, softTargets: t.pb, noise: t.noises, k, key: createKey(0) });
    const found = lossAndGradients(() => batch.value(), variables);
    expect(excess(await found.loss.data(), [total.loss], lossTolerance)).toBeLessThanOrEqual(0);
    await expectGoldenGradients(found.gradients, total.gradients, tolerance.gradients);
    batch.dispose();
    tf.dispose([k, found.loss, found.gradients]);
  });
});
