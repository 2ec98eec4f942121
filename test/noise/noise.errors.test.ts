import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/create-key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

const key = createKey(0);

describe('new GaussianNoise refuses', () => {
  const positive = '`sigma` must be a number greater than 0 that float32 can hold, got';
  it.each([
    [{ sigma: 0 }, `${positive} 0`],
    [{ sigma: -0.5 }, `${positive} -0.5`],
    [{ sigma: Number.NaN }, `${positive} NaN`],
    [{ sigma: Infinity }, `${positive} Infinity`],
    [{ sigma: '0.5' }, `${positive} "0.5"`],
    [{}, `${positive} undefined`],
    [{ sigma: 1, mean: 0 }, 'unknown option `mean`; known options: `sigma`'],
    [undefined, '`options` must be an object, got undefined'],
    [0.5, '`options` must be an object, got 0.5'],
  ])('%o', (options, text) =>
    expectError(() => new GaussianNoise(options as never), OptionError, `GaussianNoise: ${text}`),
  );
});

describe('additiveNoise refuses', () => {
  const good = { name: 'mine', norms: ['l2'], sample: () => undefined, radius: () => 0 };
  const known = 'known options: `name`, `parameters`, `norms`, `domain`, `sample`, `radius`';
  it.each([
    [{ name: '' }, '`name` must be a name, got ""'],
    [{ norms: [] }, "`norms` must be a list of at least one of 'l1', 'l2', 'linf', got []"],
    [{ norms: ['l3'] }, "`norms` must be a list of at least one of 'l1', 'l2', 'linf', got [\"l3\"]"],
    [{ domain: 'complex' }, "`domain` must be 'real', 'unit' or 'uint8', got \"complex\""],
    [{ sample: undefined }, '`sample` must be a function that fills an array with noise, got undefined'],
    [{ radius: 1 }, '`radius` must be a function from a probability bound to a radius, got 1'],
    [{ parameters: 1 }, '`parameters` must be an object of numbers, got 1'],
    [{ norm: 'l1' }, `unknown option \`norm\`; ${known}`],
  ])('%o', (change, text) =>
    expectError(() => additiveNoise({ ...good, ...change } as never), OptionError, `additiveNoise: ${text}`),
  );
});

describe('draws are refused', () => {
  const noise = new GaussianNoise({ sigma: 0.5 });
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.zeros([3]);
  });
  afterAll(() => x.dispose());

  const missing = '`key` must be a key (createKey(seed) makes one), got undefined';
  it.each([
    [{ key: undefined }, missing],
    [{ start: -1 }, '`start` must be an integer of at least 0, got -1'],
    [{ count: 0 }, '`count` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [{ n: 3 }, 'unknown option `n`; known options: `key`, `start`, `count`'],
  ])('perturb with %o', (change, text) =>
    expectError(
      () => noise.perturb(x, { key, start: 0, count: 2, ...change } as never),
      OptionError,
      `Noise.perturb: ${text}`,
    ),
  );

  it.each([
    [{ key: undefined }, missing],
    [{ numNoise: 0 }, '`numNoise` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [{ shape: [] }, '`shape` must be one or more integers of at least 1, got []'],
    [{ shape: [2, 0] }, '`shape` must be one or more integers of at least 1, got [2, 0]'],
  ])('sampleBatch with %o', (change, text) =>
    expectError(
      () => noise.sampleBatch({ key, numNoise: 2, shape: [2, 3], ...change } as never),
      OptionError,
      `Noise.sampleBatch: ${text}`,
    ),
  );
});
