import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectGoldenGradients, lossTolerance } from '../helpers/golden.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { lossAndGradients } from './variable-gradients.ts';

interface SmoothAdvFixture {
  readonly sigma: number;
  readonly tolerance: Readonly<Record<'attack' | 'losses' | 'gradients', Tolerance>>;
  readonly cases: readonly {
    readonly attack: string;
    readonly num_noise_vectors: number;
    readonly steps: number;
    readonly no_grad: boolean;
    readonly max_norm: number;
    readonly model: TinyCnnFixture;
    readonly inputs: FixtureArray;
    readonly labels: readonly number[];
    readonly noise: FixtureArray;
    readonly adv: FixtureArray;
    readonly logits_adv_noisy: FixtureArray;
    readonly train_loss: number;
    readonly train_gradients: Readonly<Record<string, FixtureArray>>;
  }[];
}
type Case = SmoothAdvFixture['cases'][number];

const { cases, sigma, tolerance } = await readFixture<SmoothAdvFixture>('smoothadv.json');
const gaussian = new GaussianNoise({ sigma });
const notRun = { perturb: () => expect.fail('the attack must not run where its result is given') };

/** The golden arrays of a case in the layout of catrs: the file keeps the copies of an image side by side, [B·M, ...]. */
function tensorsOf({ inputs, noise, adv, num_noise_vectors: numNoise }: Case) {
  const copies = (golden: FixtureArray): tf.Tensor => {
    const byImage = tf.reshape(toTensor(golden), [-1, numNoise, ...golden.shape.slice(1)]);
    return tf.transpose(byImage, [1, 0, 2, 3, 4]);
  };
  return tf.tidy(() => {
    const [xAdv] = tf.unstack(copies(adv)); // its copies are the same
    return { x: toTensor(inputs), noise: copies(noise), xAdv: xAdv! };
  });
}

it('finds golden cases of both attacks, with one and with more noises', () => {
  expect(cases.map(({ attack, num_noise_vectors: m }) => `${attack} ${m}`)).toEqual(
    expect.arrayContaining(['PGD_L2 1', 'PGD_L2 4', 'DDN 1', 'DDN 4']),
  );
});

describeBackends('SmoothAdvLoss against the official code', () => {
  it.each(cases)('$attack, $num_noise_vectors noises, $steps steps, norm $max_norm', async (golden) => {
    const variables = tinyCnnVariables(golden.model);
    const { x, noise, xAdv } = tensorsOf(golden);
    const numNoise = golden.num_noise_vectors;
    const loss = new SmoothAdvLoss(tinyCnn(variables), { noise: gaussian, attack: notRun, numNoise });
    const prepared = loss.prepare({ x, labels: golden.labels, noise, xAdv, key: createKey(0) });
    const found = lossAndGradients(() => prepared.value(), variables);
    expect(excess(await found.loss.data(), [golden.train_loss], lossTolerance)).toBeLessThanOrEqual(0);
    await expectGoldenGradients(found.gradients, golden.train_gradients, tolerance.gradients);
    const { crossEntropy } = prepared.terms();
    const expected = tf.tidy(() => {
      const rows = tf.neg(tf.logSoftmax(toTensor<tf.Rank.R2>(golden.logits_adv_noisy)));
      return tf.mean(tf.reshape(rows, [golden.labels.length, numNoise, -1]), 1);
    });
    const means = (await expected.array()) as number[][];
    const perImage = golden.labels.map((label, b) => means[b]![label]!);
    expect(excess(await crossEntropy.data(), perImage, lossTolerance)).toBeLessThanOrEqual(0);
    prepared.dispose();
    tf.dispose([x, noise, xAdv, crossEntropy, expected, found.loss, found.gradients, variables]);
  });

  it.each(cases.filter(({ steps, no_grad }) => steps >= 4 && !no_grad))(
    'the same when it runs $attack itself, $num_noise_vectors noises, norm $max_norm',
    async (golden) => {
      const { steps, max_norm: epsilon, labels, num_noise_vectors: numNoise } = golden;
      const variables = tinyCnnVariables(golden.model);
      const { x, noise, xAdv } = tensorsOf(golden);
      const attack =
        golden.attack === 'DDN'
          ? new SmoothedDdn({ epsilon, steps, initialNorm: 1 })
          : new SmoothedPgd({ epsilon, steps });
      const loss = new SmoothAdvLoss(tinyCnn(variables), { noise: gaussian, attack, numNoise });
      const prepared = loss.prepare({ x, labels, noise, key: createKey(0) });
      const found = lossAndGradients(() => prepared.value(), variables);
      expect(excess(await found.loss.data(), [golden.train_loss], lossTolerance)).toBeLessThanOrEqual(0);
      await expectGoldenGradients(found.gradients, golden.train_gradients, tolerance.gradients);
      expect(await prepared.x.data()).toEqual(await x.data());
      expect(excess(await prepared.xAdv.data(), await xAdv.data(), tolerance.attack)).toBeLessThanOrEqual(0);
      prepared.dispose();
      tf.dispose([x, noise, xAdv, found.loss, found.gradients, variables]);
    },
  );
});
