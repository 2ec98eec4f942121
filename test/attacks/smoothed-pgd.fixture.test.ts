import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/create-key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectGolden } from '../helpers/golden.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnWeights } from '../helpers/tiny-cnn.ts';

interface SmoothAdvFixture {
  readonly sigma: number;
  readonly tolerance: { readonly attack: Tolerance };
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
    readonly delta_norm: FixtureArray;
  }[];
}

const { cases, sigma, tolerance } = await readFixture<SmoothAdvFixture>('smoothadv.json');
// The gradient-free variant and DDN are other attacks.
const pgdCases = cases.filter(({ attack, no_grad }) => attack === 'PGD_L2' && !no_grad);

/** Copies of an image side by side, [B·M, ...], as noise [M, B, ...]. */
function noiseMajor(copies: tf.Tensor, numNoise: number): tf.Tensor {
  const [rows = 0, ...inputShape] = copies.shape;
  return tf.tidy(() => {
    const byImage = tf.reshape(copies, [rows / numNoise, numNoise, ...inputShape]);
    return tf.transpose(byImage, [1, 0, 2, 3, 4]);
  });
}

it('finds golden cases for one and for four noises', () => {
  expect(pgdCases.map(({ num_noise_vectors: m, steps }) => [m, steps])).toEqual(
    expect.arrayContaining([
      [1, 1],
      [1, 4],
      [4, 1],
      [4, 4],
    ]),
  );
});

describeBackends('SmoothedPgd against the official code', () => {
  it.each(pgdCases)('$num_noise_vectors noises, $steps steps', async (golden) => {
    const { num_noise_vectors: numNoise, steps, max_norm: epsilon, labels } = golden;
    const weights = tinyCnnWeights(golden.model);
    const x = toTensor(golden.inputs);
    const copies = toTensor(golden.noise);
    const noise = noiseMajor(copies, numNoise);
    const attack = new SmoothedPgd({ noise: new GaussianNoise({ sigma }), epsilon, steps, numNoise, clip: [0, 1] });
    const attacked = attack.perturb(tinyCnn(weights), { x, labels, noise, key: createKey(0) });
    // The official result repeats the attacked image once for each of its noises.
    const repeated = tf.tidy(() => {
      const [batch = 0, ...inputShape] = attacked.shape;
      const tiled = tf.tile(tf.expandDims(attacked, 1), [1, numNoise, 1, 1, 1]);
      return tf.reshape(tiled, [batch * numNoise, ...inputShape]);
    });
    await expectGolden(repeated, golden.adv, tolerance.attack);
    const lengths = tf.tidy(() => tf.norm(tf.reshape(tf.sub(attacked, x), [labels.length, -1]), 2, 1));
    expect(excess(await lengths.data(), golden.delta_norm.data, tolerance.attack)).toBeLessThanOrEqual(0);
    tf.dispose([weights, x, copies, noise, attacked, repeated, lengths]);
  });
});
