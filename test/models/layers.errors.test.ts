import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, it } from 'vitest';
import { OptionError, TensorError } from '../../src/errors.ts';
import { normalize } from '../../src/models/normalize.ts';
import { torchBatchNormalization } from '../../src/models/torch-batch-normalization.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

beforeAll(() => useBackend('cpu'));

describe('normalize: errors', () => {
  it.each<[object, string]>([
    [{ std: [1] }, '`mean` must be a list of finite numbers, one a channel, got undefined'],
    [{ mean: [], std: [] }, '`mean` must be a list of finite numbers, one a channel, got []'],
    [{ mean: [1e39], std: [1] }, '`mean` must be a list of finite numbers, one a channel, got [1e+39]'],
    [
      { mean: [0], std: [1e-50] },
      '`std` must be a list of numbers greater than 0 that float32 can hold, one a channel, got [1e-50]',
    ],
    [{ mean: [0, 0], std: [1] }, '`std` must have 2 numbers, as many as `mean`, got 1'],
    [{ mean: [0], std: [1], name: 1 }, '`name` must be a string, got 1'],
    [{ mean: [0], std: [1], inputShape: [0] }, '`inputShape` must be a list of integers of at least 1, got [0]'],
    [
      { mean: [0], sd: [1] },
      '`std` must be a list of numbers greater than 0 that float32 can hold, one a channel, got undefined',
    ],
    [{ mean: [0], std: [1], axis: 1 }, 'unknown option `axis`; known options: `mean`, `std`, `name`, `inputShape`'],
  ])('%o', async (options, message) => {
    await expectError(() => normalize(options as never), OptionError, `normalize: ${message}`);
  });

  it('another number of channels', async () => {
    const x = tf.zeros([1, 4, 4, 3]);
    const text = 'normalize: `x` must have 1 channels in its last dimension, as many as `mean`, got 3';
    await expectError(() => normalize({ mean: [0], std: [1] }).apply(x), TensorError, text);
    x.dispose();
  });
});

describe('torchBatchNormalization: errors', () => {
  it.each<[object, string]>([
    [{ momentum: 1 }, '`momentum` must be in [0, 1), got 1'],
    [{ epsilon: 0 }, '`epsilon` must be a number greater than 0 that float32 can hold, got 0'],
    [{ name: 1 }, '`name` must be a string, got 1'],
    [{ axis: -1 }, 'unknown option `axis`; known options: `momentum`, `epsilon`, `name`'],
  ])('%o', async (options, message) => {
    await expectError(() => torchBatchNormalization(options), OptionError, `torchBatchNormalization: ${message}`);
  });

  it('a single value a channel in training mode, an unknown number of channels', async () => {
    const layer = torchBatchNormalization();
    const x = tf.zeros([1, 3]);
    tf.dispose(layer.apply(x) as tf.Tensor);
    await expectError(
      () => layer.apply(x, { training: true }),
      TensorError,
      'torchBatchNormalization: `x` must have at least 2 values a channel in training mode, got shape [1, 3]',
    );
    await expectError(
      () => torchBatchNormalization().apply(tf.input({ shape: [null] })),
      TensorError,
      'torchBatchNormalization: `x` must have a known number of channels in its last dimension, got null',
    );
    layer.dispose();
    x.dispose();
  });
});
