import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StabilityLoss, stabilityTerm } from '../../src/losses/stability-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectGolden, expectGoldenGradients, lossTolerance } from '../helpers/golden.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { lossAndGradients } from './variable-gradients.ts';

type Gradients = Readonly<Record<string, FixtureArray>>;
interface StabilityFixture {
  readonly sigma: number;
  readonly lbd: number;
  readonly tolerance: Readonly<Record<'logits' | 'losses' | 'gradients', Tolerance>>;
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly labels: readonly number[];
  readonly noise: FixtureArray;
  readonly logits: FixtureArray;
  readonly logits_noisy: FixtureArray;
  readonly loss_xent: number;
  readonly stab_per_image: FixtureArray;
  readonly stab: number;
  readonly loss: number;
  readonly gradients: Gradients;
  readonly gradients_xent: Gradients;
  readonly gradients_stab: Gradients;
}

const fixture = await readFixture<StabilityFixture>('stability.json');
const { gradients: gradientTolerance } = fixture.tolerance;

describeBackends('StabilityLoss against the official code', () => {
  let variables: ReturnType<typeof tinyCnnVariables>;
  let t: Record<'x' | 'noise', tf.Tensor>;
  beforeAll(() => {
    variables = tinyCnnVariables(fixture.model);
    t = { x: toTensor(fixture.inputs), noise: tf.tidy(() => tf.expandDims(toTensor(fixture.noise))) };
  });
  afterAll(() => tf.dispose([variables, t]));

  const prepared = () => {
    const noise = new GaussianNoise({ sigma: fixture.sigma });
    const loss = new StabilityLoss(tinyCnn(variables), { noise, lambda: fixture.lbd });
    return { loss, batch: loss.prepare({ x: t.x, labels: fixture.labels, noise: t.noise, key: createKey(0) }) };
  };

  it('has the stability term of the stored logits', async () => {
    const clean = toTensor<tf.Rank.R2>(fixture.logits);
    const noisy = tf.tidy(() => tf.expandDims(toTensor(fixture.logits_noisy)) as tf.Tensor3D);
    const term = stabilityTerm(clean, noisy);
    await expectGolden(term, fixture.stab_per_image, lossTolerance);
    tf.dispose([clean, noisy, term]);
  });

  it('has the parts per image', async () => {
    const { loss, batch } = prepared();
    const terms = batch.terms();
    const stability = tf.div(terms.stability, loss.lambda);
    await expectGolden(stability, fixture.stab_per_image, lossTolerance);
    const mean = tf.mean(terms.crossEntropy);
    expect(excess(await mean.data(), [fixture.loss_xent], lossTolerance)).toBeLessThanOrEqual(0);
    batch.dispose();
    tf.dispose([mean, stability, { ...terms }]);
  });

  it.each(['loss', 'crossEntropy', 'stability'] as const)('has the value and the gradients of %s', async (part) => {
    const { loss, batch } = prepared();
    const golden = {
      loss: [fixture.loss, fixture.gradients],
      crossEntropy: [fixture.loss_xent, fixture.gradients_xent],
      stability: [fixture.stab, fixture.gradients_stab],
    } as const;
    const weight = part === 'stability' ? loss.lambda : 1;
    const value = (): tf.Scalar =>
      part === 'loss' ? batch.value() : tf.tidy(() => tf.div(tf.mean(batch.terms()[part]), weight));
    const found = lossAndGradients(value, variables);
    const [expected, gradients] = golden[part];
    expect(excess(await found.loss.data(), [expected], lossTolerance)).toBeLessThanOrEqual(0);
    await expectGoldenGradients(found.gradients, gradients, gradientTolerance);
    batch.dispose();
    tf.dispose([found.loss, found.gradients]);
  });
});
