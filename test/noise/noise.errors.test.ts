import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { gaussianRadiusAgainst } from '../../src/noise/gaussian-radius.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

const key = createKey(0);

describe('new GaussianNoise refuses', () => {
  const positive =
    '`sigma` must be a number greater than 0 that float32 can hold, or a list of one for each coordinate, got';
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

describe('the other noises refuse', () => {
  const one = 'must be a number greater than 0 that float32 can hold';
  const float32 = `${one}, or a list of one for each coordinate, got`;
  const splits = '`halfWidth` must be a number from 1/512 to 2^16, got';
  const levels = '`halfWidth` must be a number from 1/510 to 128, got';
  it.each([
    ['LaplaceNoise', () => new LaplaceNoise({ scale: 0 }), `\`scale\` ${float32} 0`],
    [
      'LaplaceNoise',
      () => new LaplaceNoise({ scale: 1, sigma: 1 } as never),
      'unknown option `sigma`; known options: `scale`',
    ],
    ['CauchyNoise', () => new CauchyNoise({ scale: 1e-60 }), `\`scale\` ${one}, got 1e-60`],
    ['CauchyNoise', () => new CauchyNoise({} as never), `\`scale\` ${one}, got undefined`],
    ['UniformNoise', () => new UniformNoise({ halfWidth: -1 }), `\`halfWidth\` ${float32} -1`],
    ['UniformNoise', () => new UniformNoise({ halfWidth: NaN }), `\`halfWidth\` ${float32} NaN`],
    ['SplittingNoise', () => new SplittingNoise({ halfWidth: 0.00195 }), `${splits} 0.00195`],
    ['SplittingNoise', () => new SplittingNoise({ halfWidth: 65_537 }), `${splits} 65537`],
    ['SplittingNoise', () => new SplittingNoise({ halfWidth: NaN }), `${splits} NaN`],
    ['SplittingNoise', () => new SplittingNoise({} as never), `${splits} undefined`],
    [
      'DeterministicSplittingNoise',
      () => new DeterministicSplittingNoise({ halfWidth: 0.00196, key }),
      `${levels} 0.00196`,
    ],
    [
      'DeterministicSplittingNoise',
      () => new DeterministicSplittingNoise({ halfWidth: 128.1, key }),
      `${levels} 128.1`,
    ],
    [
      'DeterministicSplittingNoise',
      () => new DeterministicSplittingNoise({ halfWidth: 0.5, key: 7 as never }),
      '`key` must be a key (createKey(seed) makes one), got 7',
    ],
  ] as const)('%s %#', (call, make, text) => expectError(make, OptionError, `${call}: ${text}`));

  it.each([
    ['Laplace', new LaplaceNoise({ scale: 1 })],
    ['Uniform', new UniformNoise({ halfWidth: 1 })],
    ['Cauchy', new CauchyNoise({ scale: 1 })],
  ])('to draw %s noise into anything but whole samples of float32', async (name, noise) => {
    const call = `${name}Noise.sample`;
    await expectError(
      () => noise.sample(new Float64Array(4) as never, { key, start: 0, dimension: 2 }),
      OptionError,
      `${call}: \`out\` must be a Float32Array, got an object (Float64Array)`,
    );
    await expectError(
      () => noise.sample(new Float32Array(5), { key, start: 0, dimension: 2 }),
      OptionError,
      `${call}: \`out.length\` must be a multiple of 2, whole samples, got 5`,
    );
  });
});

describe('gaussianRadiusAgainst refuses', () => {
  const lower = { p: 0.4, q: 0.6 };
  const others = [
    { p: 0.2, q: 0.8 },
    { p: 0.1, q: 0.9 },
  ];
  const noise = new GaussianNoise({ sigma: 0.5 });
  it.each([0, 3, 1.5, NaN])('k = %d of two others', async (k) => {
    const text = `gaussianRadiusAgainst: \`k\` must be an integer from 1 to 2, the number of other classes, got ${k}`;
    const request = { norm: 'l2', dimension: 4 } as const;
    await expectError(
      () => gaussianRadiusAgainst({ bound: lower, others, k, sigma: 0.5, ...request }),
      OptionError,
      text,
    );
    await expectError(() => noise.radiusAgainst(lower, others, k, request), OptionError, text);
  });

  it.each([
    [{ lower }, 'unknown option `lower`; known options: `bound`, `others`, `k`, `sigma`, `norm`, `dimension`'],
    [{ bound: undefined }, '`bound` must be a bound { p, q }, got undefined'],
    [{ others: lower }, '`others` must be a list of bounds { p, q }, got an object (Object)'],
    [{ k: '1' }, '`k` must be a number, got "1"'],
    [{ sigma: 0 }, '`sigma` must be a finite number greater than 0, got 0'],
  ])('%o', async (wrong, text) => {
    const right = { bound: lower, others, k: 1, sigma: 0.5, norm: 'l2', dimension: 4 } as const;
    const request = { ...right, ...wrong } as never;
    await expectError(() => gaussianRadiusAgainst(request), OptionError, `gaussianRadiusAgainst: ${text}`);
  });
});

describe('DeterministicSplittingNoise refuses', () => {
  const noise = new DeterministicSplittingNoise({ halfWidth: 10 / 510, key });
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.zeros([3]);
  });
  afterAll(() => x.dispose());

  it.each([
    [{ start: -1, count: 2 }, '`start` must be an integer of at least 0, got -1'],
    [{ start: 0, count: 0 }, '`count` must be an integer of at least 1, got 0'],
    [{ start: 0, count: 11 }, '`count` must be at most 10 - `start`, as there are 10 copies, got 11'],
    [{ start: 4, count: 7 }, '`count` must be at most 10 - `start`, as there are 10 copies, got 7'],
    [{ start: 0, count: 2, key }, 'unknown option `key`; known options: `start`, `count`'],
  ])('copies %o', (request, text) =>
    expectError(() => noise.perturb(x, request), OptionError, `DeterministicSplittingNoise.perturb: ${text}`),
  );

  it('votes of some copies only', () =>
    expectError(
      () => noise.radius([9, 0], 0, { norm: 'l1', dimension: 3 }),
      OptionError,
      'DeterministicSplittingNoise.radius: `counts` must be the votes of all 10 copies, got 9 votes',
    ));
});

describe('additiveNoise refuses', () => {
  const good = { name: 'mine', norms: ['l2'], sample: () => undefined, radius: () => 0 };
  const known =
    'known options: `name`, `parameters`, `norms`, `domain`, `sample`, `radius`, `radiusAgainst`, `assumptions`';
  it.each([
    [{ name: '' }, '`name` must be a name, got ""'],
    [{ norms: [] }, "`norms` must be a list of at least one of 'l1', 'l2', 'linf', 'scaled', got []"],
    [{ norms: ['l3'] }, "`norms` must be a list of at least one of 'l1', 'l2', 'linf', 'scaled', got [\"l3\"]"],
    [{ domain: 'complex' }, "`domain` must be 'real', 'unit' or 'uint8', got \"complex\""],
    [{ sample: undefined }, '`sample` must be a function that fills an array with noise, got undefined'],
    [{ radius: 1 }, '`radius` must be a function from a probability bound to a radius, got 1'],
    [{ radiusAgainst: 1 }, '`radiusAgainst` must be a function from probability bounds to a radius, got 1'],
    [{ assumptions: 'none' }, '`assumptions` must be a list of short phrases, got "none"'],
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
    [{ n: 3 }, 'unknown option `n`; known options: `key`, `start`, `count`, `onFailure`'],
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
