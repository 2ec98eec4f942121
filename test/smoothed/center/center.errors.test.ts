import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  AblationNoise,
  CenterSmoothed,
  type CenterCertifyOptions,
  ClassifierError,
  createKey,
  euclidean,
  GaussianNoise,
  OptionError,
  type OutputDistance,
  planCenter,
} from 'catrs';
import { expectError } from '../../helpers/errors.ts';
import { linearEmbedding } from './linear-embedding.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const key = createKey(0);
const inputRange = [-10, 10] as const;
const g = new CenterSmoothed(linearEmbedding, { noise, distance: euclidean, inputRange });

describe('center smoothing refuses', () => {
  let x: tf.Tensor;
  beforeAll(() => {
    x = tf.tensor1d([0.5, -1, 2]);
  });
  afterAll(() => x.dispose());
  const certify = (options: Partial<CenterCertifyOptions>) => () =>
    g.certify(x, { key, radius: 0.1, center: [0, 0], ...options });

  it('options of the constructor', async () => {
    const made = (options: object) => () =>
      new CenterSmoothed(linearEmbedding, { noise, distance: euclidean, ...options });
    await expectError(made({ delta: 0.5 }), OptionError, 'CenterSmoothed: `delta` must be in (0, 1/2), got 0.5');
    await expectError(
      made({ distance: 'euclidean' }),
      OptionError,
      'CenterSmoothed: `distance` must be a distance (for example euclidean, or an object { name, between }), got "euclidean"',
    );
    await expectError(
      made({ distance: { name: 'euclidean', between: () => 0 } }),
      OptionError,
      'CenterSmoothed: `distance.name` must be another name than those of the shipped distances, got "euclidean"',
    );
    await expectError(
      made({ nonFinite: 'ignore' }),
      OptionError,
      "CenterSmoothed: `nonFinite` must be 'error' or 'worst', got \"ignore\"",
    );
    await expectError(
      made({ noise: new AblationNoise({ inputShape: [3, 1], keep: 2 }) }),
      OptionError,
      'CenterSmoothed: `noise` must have shiftDown, got "ablation" (it knows only what stays above 1/2; GaussianNoise, SoundGaussianNoise, UniformNoise and LaplaceNoise shift any probability)',
    );
  });

  it('sizes with which a prediction can say nothing', async () => {
    const predict = (options: object) => () => g.predict(x, { key, ...options });
    await expectError(
      predict({ candidates: 5 }),
      OptionError,
      'CenterSmoothed.predict: `alpha` must be above 0.0185, the probability that candidates or samples miss the ball, got 0.001 (raise candidates, delta or alpha)',
    );
    await expectError(
      predict({ n: 100 }),
      OptionError,
      'CenterSmoothed.predict: `alpha` must be above 0.183, the probability that candidates or samples miss the ball, got 0.001 (raise n, delta or alpha)',
    );
    await expectError(
      predict({ check: 3, alpha: 0.05 }),
      OptionError,
      'CenterSmoothed.predict: `check` must be enough to show a mass above 1/2 - delta at level 0.0500, got 3 (raise it, delta or alpha)',
    );
    await expectError(
      predict({ candidates: 0 }),
      OptionError,
      "CenterSmoothed.predict: `candidates` must be an integer of at least 1, or 'samples', got 0",
    );
    await expectError(
      certify({ center: undefined, predict: { n: 100 } }),
      OptionError,
      'CenterSmoothed.certify: `predict.alpha` must be above 0.183, the probability that candidates or samples miss the ball, got 0.001 (raise predict.n, delta or alpha)',
    );
    await expectError(
      () => planCenter({ delta: 0.1, candidates: 1, n: 10, check: 10, alpha: 1 }),
      OptionError,
      'planCenter: `alpha` must be in (0, 1), got 1',
    );
  });

  it('radii for which n is too small', async () => {
    await expectError(
      certify({ n: 37, alpha: 0.005, radius: 0.25 }),
      OptionError,
      'CenterSmoothed.certify: `n` must be at least 38 for a distance within radius 0.25 at level 0.005, got 37 (raise n or alpha, or lower the radius)',
    );
    await expectError(
      certify({ radius: 100 }),
      OptionError,
      'CenterSmoothed.certify: `radius` must be so small that 2^30 draws can certify a distance at level 0.001, got 100 (or take more noise)',
    );
    await expectError(
      certify({ n: 38, alpha: 0.01, radius: [0.25, 0.5] }),
      OptionError,
      'CenterSmoothed.certify: `n` must be at least 314 for a distance within radius 0.5 at level 0.005, got 38 (raise n or alpha, or lower the radius)',
    );
    await expectError(
      () => g.certifyStream(none(), { key, radius: 100 }),
      OptionError,
      'CenterSmoothed.certifyStream: `radius` must be so small that 2^30 draws can certify a distance at level 0.001, got 100 (or take more noise)',
    );
    await expectError(
      () => g.certifyStream(one(), { key, radius: 0.25, norm: 'linf', n: 39 }).next(),
      OptionError,
      'CenterSmoothed.certifyStream: `n` must be at least 216 for a distance within radius 0.25 at level 0.001, got 39 (raise n or alpha, or lower the radius)',
    );
    await expectError(
      certify({ radius: [] }),
      OptionError,
      'CenterSmoothed.certify: `radius` must be a finite number of at least 0, or a list of such numbers, got []',
    );
  });

  it('centers that are none, or not of new draws', async () => {
    const at = { ...(await g.predict(x, { key, alpha: 0.2, n: 400 })), center: [1, 2] };
    await expectError(
      certify({ center: at }),
      OptionError,
      'CenterSmoothed.certify: `key` must be another one than that of the prediction, got [0, 0] (its draws must be new: take another key, or leave `center` out)',
    );
    await expectError(
      certify({ center: { ...at, center: null } }),
      OptionError,
      'CenterSmoothed.certify: `center` must have a center, got an abstention (where the prediction abstained there is nothing to certify)',
    );
    await expectError(
      certify({ center: [1, NaN] }),
      OptionError,
      'CenterSmoothed.certify: `center` must be a prediction, or the finite numbers of an output, got [1, NaN]',
    );
    await expectError(
      certify({ center: [1, 2, 3] }),
      OptionError,
      'CenterSmoothed.certify: `center` must have the 2 numbers of an output, got 3 numbers',
    );
    await expectError(
      certify({ predict: { n: 1000 } }),
      OptionError,
      'CenterSmoothed.certify: `predict` must be absent where a center is given, got an object (Object) (leave `center` or `predict` out)',
    );
  });

  it('what is no distance', async () => {
    const with_ = (between: OutputDistance['between']) => () =>
      new CenterSmoothed(linearEmbedding, { noise, inputRange, distance: { name: 'own', between } }).certify(x, {
        ...{ key, radius: 0.1, center: [0, 0] },
      });
    const call = 'CenterSmoothed.certify: `distance`';
    await expectError(
      with_(() => NaN),
      OptionError,
      `${call} must be a finite number, got NaN`,
    );
    await expectError(
      with_(() => -1),
      OptionError,
      `${call} must be at least 0, got -1`,
    );
    await expectError(
      with_(() => 1),
      OptionError,
      `${call} must be 0 between equal outputs, got 1`,
    );
    await expectError(
      with_((a, b) => ((a[0] ?? 0) === (b[0] ?? 0) ? 0 : (a[0] ?? 0) === 0 ? 1 : 2)),
      OptionError,
      `${call} must be the same in both directions, 1 here, got 2`,
    );
    let calls = 0;
    await expectError(
      with_((a, b) => (calls++ > 100 ? -1 : euclidean.between(a, b))),
      OptionError,
      `${call} must be at least 0, got -1`,
    );
  });

  it('outputs that are not finite, or not of one size', async () => {
    const nan = new CenterSmoothed((z) => tf.mul(z, NaN), { noise, distance: euclidean, inputRange });
    await expectError(
      () => nan.certify(x, { key, radius: 0.1, center: [0, 0, 0] }),
      ClassifierError,
      "CenterSmoothed.certify: `model` must return finite numbers, got NaN (check the weights and the scale of the inputs, or count NaN to the safe side with nonFinite: 'worst' where there is this option)",
    );
  });

  async function* one() {
    yield await Promise.resolve({ x, index: 0 });
  }
});

async function* none(): AsyncGenerator<{ x: tf.Tensor; index: number }, void, undefined> {
  yield* [];
}
