import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { correctMask, mixTargets, mixupKl } from '../../src/losses/smooth-mix-terms.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectGolden, expectGoldenGradients, lossTolerance } from '../helpers/golden.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { lossAndGradients } from './variable-gradients.ts';

interface SmoothMixFixture {
  readonly sigma: number;
  readonly M: number;
  readonly eta: number;
  readonly tolerance: Readonly<Record<'losses' | 'gradients' | 'attack', Tolerance>>;
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly labels: readonly number[];
  readonly noises: FixtureArray;
  readonly lam: FixtureArray;
  readonly cases: readonly {
    readonly mix_step: number;
    readonly maxnorm: number | null;
    readonly steps: number;
    readonly alpha: number;
    readonly init: FixtureArray;
    readonly adv: FixtureArray;
    readonly logits_clean: FixtureArray;
    readonly mixed_inputs: FixtureArray;
    readonly mixed_targets: FixtureArray;
    readonly log_softmax_mixed: FixtureArray;
    readonly ind_correct: readonly number[];
    readonly loss_xent: FixtureArray;
    readonly loss_mixup: FixtureArray;
    readonly loss: number;
    readonly gradients: Readonly<Record<string, FixtureArray>>;
  }[];
}

const fixture = await readFixture<SmoothMixFixture>('smoothmix.json');
const { tolerance, labels, eta, M: numNoise } = fixture;
const gaussian = new GaussianNoise({ sigma: fixture.sigma });
const notRun = { perturb: () => expect.fail('the attack must not run where its result is given') };

/** Mean over the copies of a golden array [M, B]. */
function meanOfCopies({ shape: [copies = 1, batch = 1], data }: FixtureArray): number[] {
  return Array.from({ length: batch }, (_, b) => {
    const own = Array.from({ length: copies }, (_, m) => data[m * batch + b]!);
    return own.reduce((sum, value) => sum + value, 0) / copies;
  });
}

describeBackends('SmoothMixLoss against the official code', () => {
  let variables: ReturnType<typeof tinyCnnVariables>;
  let t: Record<'x' | 'noises' | 'mixing' | 'labels', tf.Tensor>;

  beforeAll(() => {
    variables = tinyCnnVariables(fixture.model);
    t = {
      x: toTensor(fixture.inputs),
      noises: toTensor(fixture.noises),
      mixing: toTensor(fixture.lam),
      labels: tf.tensor1d([...labels], 'int32'),
    };
  });
  afterAll(() => tf.dispose([variables, t]));

  it.each(fixture.cases)('parts, mix step $mix_step, norm $maxnorm', async (golden) => {
    const logits = toTensor<tf.Rank.R3>(golden.logits_clean);
    const logitsMixed = toTensor<tf.Rank.R3>(golden.log_softmax_mixed); // softmax takes either
    const targets = mixTargets(logits, t.mixing as tf.Tensor1D);
    await expectGolden(targets, golden.mixed_targets, lossTolerance);
    const mixup = mixupKl(logitsMixed, targets);
    expect(excess(await mixup.data(), meanOfCopies(golden.loss_mixup), lossTolerance)).toBeLessThanOrEqual(0);
    const mask = correctMask(logits, t.labels as tf.Tensor1D);
    expect(Array.from(await mask.data())).toEqual(golden.ind_correct);
    tf.dispose([logits, logitsMixed, targets, mixup, mask]);
  });

  it.each(fixture.cases)('loss and gradients, mix step $mix_step, norm $maxnorm', async (golden) => {
    const ends = { clean: toTensor(golden.init), adversary: toTensor(golden.adv) };
    const asked: tf.Tensor[] = [];
    const network = tinyCnn(variables);
    const spy = (x: tf.Tensor): tf.Tensor2D => (asked.push(tf.keep(x.clone())), network(x));
    const loss = new SmoothMixLoss(spy, { noise: gaussian, attack: notRun, eta, numNoise });
    const prepared = loss.prepare({
      x: t.x,
      labels,
      noise: t.noises,
      mixing: t.mixing,
      ...ends,
      key: createKey(0),
    });
    const found = lossAndGradients(() => prepared.value(), variables);
    expect(excess(await found.loss.data(), [golden.loss], lossTolerance)).toBeLessThanOrEqual(0);
    await expectGoldenGradients(found.gradients, golden.gradients, tolerance.gradients);
    expect(asked.length, 'two forward passes').toBe(2);
    const mixed = tf.tidy(() => tf.sub(tf.reshape(asked[1]!, t.noises.shape), t.noises));
    const copies = Array.from({ length: numNoise }, () => golden.mixed_inputs.data).flat();
    expect(excess(await mixed.data(), copies, tolerance.attack)).toBeLessThanOrEqual(0);
    const terms = prepared.terms();
    const { mask } = await prepared.perImage();
    expect(mask).toEqual([...golden.ind_correct]);
    const mixup = meanOfCopies(golden.loss_mixup).map((entry, b) => eta * mask[b]! * entry);
    expect(excess(await terms.crossEntropy.data(), meanOfCopies(golden.loss_xent), lossTolerance)).toBeLessThanOrEqual(
      0,
    );
    expect(excess(await terms.mixup.data(), mixup, lossTolerance)).toBeLessThanOrEqual(0);
    prepared.dispose();
    tf.dispose([ends, asked, mixed, { ...terms }, found.loss, found.gradients]);
  });

  it.each(fixture.cases)(
    'the same when it runs the attack itself, mix step $mix_step, norm $maxnorm',
    async (golden) => {
      const { alpha: stepSize, steps, mix_step: mixStep, maxnorm } = golden;
      const bound = maxnorm === null ? {} : { epsilon: maxnorm };
      const attack = new SmoothMixPgd({ stepSize, steps, mixStep, ...bound });
      const loss = new SmoothMixLoss(tinyCnn(variables), { noise: gaussian, attack, eta, numNoise });
      const prepared = loss.prepare({ x: t.x, labels, noise: t.noises, mixing: t.mixing, key: createKey(0) });
      await expectGolden(prepared.clean, golden.init, tolerance.attack);
      await expectGolden(prepared.adversary, golden.adv, tolerance.attack);
      const found = lossAndGradients(() => prepared.value(), variables);
      expect(excess(await found.loss.data(), [golden.loss], lossTolerance)).toBeLessThanOrEqual(0);
      await expectGoldenGradients(found.gradients, golden.gradients, tolerance.gradients);
      prepared.dispose();
      tf.dispose([found.loss, found.gradients]);
    },
  );
});
