import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { OptionError, TensorError } from '../../src/errors.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

const key = createKey(0);

describe('new SoundGaussianNoise refuses', () => {
  const positive = '`sigma` must be a finite number greater than 0, or a list of one for each coordinate, got';
  const whole = '`headroom` must be an integer from 0 to 100, got';
  it.each([
    [{ sigma: 0 }, `${positive} 0`],
    [{ sigma: -0.5 }, `${positive} -0.5`],
    [{ sigma: Number.NaN }, `${positive} NaN`],
    [{ sigma: Infinity }, `${positive} Infinity`],
    [{ sigma: '0.5' }, `${positive} "0.5"`],
    [{}, `${positive} undefined`],
    [{ sigma: 1, headroom: -1 }, `${whole} -1`],
    [{ sigma: 1, headroom: 1.5 }, `${whole} 1.5`],
    [{ sigma: 1, headroom: 101 }, `${whole} 101`],
    [{ sigma: 1, mean: 0 }, 'unknown option `mean`; known options: `sigma`, `headroom`'],
    [undefined, '`options` must be an object, got undefined'],
  ])('%o', (options, text) =>
    expectError(() => new SoundGaussianNoise(options as never), OptionError, `SoundGaussianNoise: ${text}`),
  );
});

describe('draws are refused', () => {
  const noise = new SoundGaussianNoise({ sigma: 0.25 });
  let x: tf.Tensor;
  let bytes: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.zeros([3]);
    bytes = tf.zeros([3], 'int32');
  });
  afterAll(() => tf.dispose([x, bytes]));

  it.each([
    [{ key: undefined }, '`key` must be a key (createKey(seed) makes one), got undefined'],
    [{ start: -1 }, '`start` must be an integer of at least 0, got -1'],
    [
      { start: 2 ** 30 - 1 },
      '`start` must be an integer from 0 to 2^30 - 2 (for more samples, fold an index into the key), got 1073741823',
    ],
    [{ count: 0 }, '`count` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [{ onFailure: 3 }, '`onFailure` must be a function of a sample index, got 3'],
    [{ n: 3 }, 'unknown option `n`; known options: `key`, `start`, `count`, `onFailure`'],
  ])('perturb with %o', (change, text) =>
    expectError(
      () => noise.perturb(x, { key, start: 0, count: 2, ...change } as never),
      OptionError,
      `Noise.perturb: ${text}`,
    ),
  );

  it('perturb with bytes in place of float32', () =>
    expectError(
      () => noise.perturb(bytes, { key, start: 0, count: 2 }),
      TensorError,
      "Noise.perturb: `x` must be float32, got int32 (tf.cast(x, 'float32') converts it)",
    ));
});
