import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkTraining,
  createKey,
  ConsistencyLoss,
  CopiesLoss,
  gaussianRegion,
  GaussianLoss,
  GaussianNoise,
  LaplaceNoise,
  linearRadii,
  MacerLoss,
  OptionError,
  perChannel,
  prepareAsync,
  SmoothedClassifier,
  SoundGaussianNoise,
  StabilityLoss,
  type StreamExample,
  TensorError,
  UniformNoise,
} from 'catrs';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

beforeAll(() => useBackend('cpu'));

const key = createKey(3);

describe('scales are refused', () => {
  const one = 'a number greater than 0 that float32 can hold';
  it.each([
    [[], 'must have a scale for each coordinate, got []'],
    [[0, 0], 'must have a scale greater than 0, got [0, 0]'],
    [[1, -1], `must be a list with ${one} for each coordinate, or 0 where it must not change, got [1, -1]`],
    [[1, NaN], `must be a list with ${one} for each coordinate, or 0 where it must not change, got [1, NaN]`],
    [[1, 1e-60], `must be a list with ${one} for each coordinate, or 0 where it must not change, got [1, 1e-60]`],
    [['1'], `must be a list with ${one} for each coordinate, or 0 where it must not change, got ["1"]`],
    [new Float64Array(2), `must be ${one}, or a list of one for each coordinate, got an object (Float64Array)`],
  ])('%o', async (scale, text) => {
    await expectError(
      () => new GaussianNoise({ sigma: scale as never }),
      OptionError,
      `GaussianNoise: \`sigma\` ${text}`,
    );
    await expectError(
      () => new LaplaceNoise({ scale: scale as never }),
      OptionError,
      `LaplaceNoise: \`scale\` ${text}`,
    );
    await expectError(
      () => new UniformNoise({ halfWidth: scale as never }),
      OptionError,
      `UniformNoise: \`halfWidth\` ${text}`,
    );
  });

  it('of sound noise, where no double is too small', () =>
    expectError(
      () => new SoundGaussianNoise({ sigma: [1, -1] }),
      OptionError,
      'SoundGaussianNoise: `sigma` must be a list with a finite number greater than 0 for each coordinate, or 0 where it must not change, got [1, -1]',
    ));

  it('of other channels than the shape has', () =>
    expectError(
      () => perChannel([1, 2, 3], [4, 4, 1]),
      OptionError,
      'perChannel: `values` must have one scale for each of the 1 channels of [4, 4, 1], got 3',
    ));
});

describe('inputs of another size than the scales are refused', () => {
  const noise = new GaussianNoise({ sigma: [1, 2, 3] });
  const text = (call: string, got: number): string =>
    `${call}: \`dimension\` must be 3, as the noise has a scale for each of 3 coordinates, got ${got}`;

  it.each([
    ['radius', () => noise.radius({ p: 0.9, q: 0.1 }, { norm: 'linf', dimension: 4 }), text('Noise.radius', 4)],
    ['a change', () => noise.scaledNorm([1]), text('Noise.scaledNorm', 1)],
    ['covers', () => noise.covers([1], { p: 0.9, q: 0.1 }), text('Noise.scaledNorm', 1)],
    ['sample', () => noise.sample(new Float32Array(4), { key, start: 0, dimension: 4 }), text('fillNormals', 4)],
    ['a batch', () => noise.sampleBatch({ key, numNoise: 1, shape: [2, 2] }), text('fillNormals', 2)],
    ['Laplace', () => new LaplaceNoise({ scale: [1] }).sample(new Float32Array(4), { key, start: 0, dimension: 4 }), 'LaplaceNoise.sample: `dimension` must be 1, as the noise has a scale for each of 1 coordinates, got 4'], // prettier-ignore
    ['sound', () => tf.tidy(() => new SoundGaussianNoise({ sigma: [1] }).perturb(tf.zeros([2]), { key, start: 0, count: 1 })), 'Noise.perturb: `dimension` must be 1, as the noise has a scale for each of 1 coordinates, got 2'], // prettier-ignore
  ] as const)('%s', (_name, call, expected) => expectError(call, OptionError, expected));

  it('before any sample is drawn', async () => {
    const g = new SmoothedClassifier((x) => tf.slice(x, [0, 0], [-1, 2]), { noise, numClasses: 2 });
    const x = tf.zeros([4]);
    await expectError(
      () => g.certify(x, { key, n: 100 }),
      TensorError,
      'SmoothedClassifier.certify: `x` must have 3 values, as the noise has a scale for each, got 4',
    );
    x.dispose();
  });
});

describe('a feature so far from 0 that float32 loses its noise is refused', () => {
  const noise = new GaussianNoise({ sigma: [1, 0.05, 0] });
  const f = (x: tf.Tensor): tf.Tensor => tf.slice(x, [0, 0], [-1, 2]);
  const g = new SmoothedClassifier(f, { noise, numClasses: 2, inputRange: [-1e7, 1e7] });
  const far = [0, 1e6, 1e6];
  const text =
    '`x` must be near enough to 0 that float32 keeps the noise, got 1000000 in feature 1, whose scale is 0.05 (centre the feature first: subtract a fixed number, such as its mean in the training data)';

  it.each(['certify', 'predict', 'sampleCounts', 'probabilities'] as const)('%s', async (method) => {
    const x = tf.tensor1d(far);
    await expectError(() => g[method](x, { key, n: 100 }), TensorError, `SmoothedClassifier.${method}: ${text}`);
    x.dispose();
  });

  it('in a stream', async () => {
    const x = tf.tensor1d(far);
    async function* one(): AsyncGenerator<StreamExample> {
      yield await Promise.resolve({ x, index: 0 });
    }
    const stream = g.certifyStream(one(), { key, n: 100 });
    await expectError(() => stream.next(), TensorError, `SmoothedClassifier.certifyStream: ${text}`);
    x.dispose();
  });

  it('before training', async () => {
    const x = tf.tensor2d([[0, 0, 0], far]);
    const batch = { x, labels: [0, 1], key };
    const range = { inputRange: [-1e7, 1e7] } as const;
    const [gaussian, copies] = [new GaussianLoss(f, { noise, numNoise: 1 }), new CopiesLoss(f, { noise, numNoise: 1 })];
    await expectError(() => checkTraining(gaussian, batch, range), TensorError, `checkTraining: ${text}`);
    await expectError(() => checkTraining(copies, batch, range), TensorError, `checkTraining: ${text}`);
    x.dispose();
  });

  it('in every batch that prepareAsync is given', async () => {
    const x = tf.tensor2d([[0, 0, 0], far]);
    const given = { noise, numNoise: 2 };
    for (const loss of [
      new GaussianLoss(f, given),
      new MacerLoss(f, { ...given, lambda: 1 }),
      new StabilityLoss(f, { ...given, lambda: 1 }),
      new ConsistencyLoss(f, { ...given, lambda: 1, eta: 0.5 }),
      new CopiesLoss(f, given),
    ]) {
      const step = (): Promise<unknown> => prepareAsync(loss as GaussianLoss, { x, labels: [0, 1], key });
      await expectError(step, TensorError, `prepareAsync: ${text}`);
    }
    x.dispose();
  });

  it('and not one step nearer, nor one without noise', () => {
    const most = 0.0625 * 2 ** 13;
    for (const scales of [new GaussianNoise({ sigma: [1, 0.0625] }), new LaplaceNoise({ scale: [1, 0.0625] })]) {
      expect(() => scales.assertValues('test', Float32Array.of(0, -most))).not.toThrow();
      expect(() => scales.assertValues('test', Float32Array.of(0, -most * 1.0001))).toThrow(TensorError);
    }
    expect(() => new GaussianNoise({ sigma: [1, 0] }).assertValues('test', Float32Array.of(0, 1e30))).not.toThrow();
    expect(() => new GaussianNoise({ sigma: 1 }).assertValues('test', Float32Array.of(0, 1e30))).not.toThrow();
  });
});

describe('regions are refused', () => {
  it('of a certificate of another noise', () => {
    const noise = new GaussianNoise({ sigma: [1, 2] });
    return expectError(
      () => gaussianRegion({ radius: 1, norm: 'scaled', dimension: 2, noise }, new GaussianNoise({ sigma: [1, 3] })),
      OptionError,
      'gaussianRegion: `certificate` must be of the noise that is given, gaussian with [1, 3], got a certificate of gaussian noise with [1, 2]',
    );
  });

  it.each([
    [[[1, 2]], 1, '`map` must be a square matrix of finite numbers, row by row, of at most 500 rows, got [[1, 2]]'],
    [[[NaN]], 1, '`map` must be a square matrix of finite numbers, row by row, of at most 500 rows, got [[NaN]]'],
    [[[1, 1], [1, 1]], 1, '`map` must have an inverse, got [[1, 1], [1, 1]] (it is singular, or nearly so: noise along some direction vanishes)'], // prettier-ignore
    [[[1, 1], [1, 1 + 2 ** -52]], 1, /must have an inverse/], // prettier-ignore
    [[[1]], -1, '`z` must be a finite number of at least 0, got -1'],
  ] as const)('of the map %o and z = %d', async (map, z, text) => {
    if (typeof text === 'string') await expectError(() => linearRadii(map, z), OptionError, `linearRadii: ${text}`);
    else expect(() => linearRadii(map, z)).toThrow(text);
  });
});
