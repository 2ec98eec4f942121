import { beforeAll, describe, it } from 'vitest';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { DataError, OptionError, TensorError } from '../../src/errors.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(4);
const g = new SmoothedClassifier(linearClassifier([1, -1], 0).logits, {
  noise: new GaussianNoise({ sigma: 0.25 }),
  numClasses: 2,
});
const dataset = (label: unknown, x = [0.1, 0.9]): LabelledDataset => ({
  size: 3,
  shape: [2],
  example: () => ({ x: Float32Array.from(x), label: label as number }),
});

describe('certifyDataset refuses', () => {
  beforeAll(() => useBackend('cpu'));

  const first =
    (data: LabelledDataset, change: object = {}) =>
    () =>
      certifyDataset(g, data, { key, n0: 10, n: 50, ...change } as never).next();

  it.each([2, -1, 0.5, Number.NaN, undefined, '1'])('the label %o', (label) => {
    const got = typeof label === 'string' ? JSON.stringify(label) : String(label);
    const text = `certifyDataset: \`labels\` must be integers from 0 to 1, got ${got} for example 1`;
    return expectError(first(dataset(label), { select: { start: 1 } }), OptionError, text);
  });

  it('a wrong option at once, before the first row is asked for', () =>
    expectError(
      () => void certifyDataset(g, dataset(0), { key, n: 0 }),
      OptionError,
      'certifyDataset: `n` must be an integer from 1 to 1073741824 (2^30), got 0',
    ));

  it('an example of another size than the data set says', () =>
    expectError(
      first(dataset(0, [0.1, 0.2, 0.3])),
      DataError,
      'certifyDataset: `x` must hold 2 values, one example of shape [2], got 3',
    ));

  it('values outside the input range', () =>
    expectError(
      first(dataset(0, [0, 255])),
      TensorError,
      'certifyDataset: `x` must have finite values in the declared input range [0, 1], got 255' +
        ' (sigma is in input units: scale the input, or declare `inputRange` and choose sigma for it)',
    ));

  it.each([
    [{ key: undefined }, '`key` must be a key (createKey(seed) makes one), got undefined'],
    [{ select: { start: -1 } }, '`select.start` must be an integer of at least 0, got -1'],
    [{ select: { skip: 0 } }, '`select.skip` must be an integer of at least 1, got 0'],
    [{ select: { max: 0 } }, '`select.max` must be an integer of at least 1, got 0'],
    [
      { select: { shard: { index: 2, count: 2 } } },
      '`select.shard` must be { index, count } with whole numbers 0 <= index < count, got an object (Object)',
    ],
    [{ rule: 'cohen' }, '`rule` must be a certification rule (for example fixedSample()), got "cohen"'],
    [{ alpha: 0.5 }, '`alpha` must be in (0, 1/2), got 0.5'],
    [
      { stop: 5 },
      'unknown option `stop`; known options: `key`, `n0`, `n`, `alpha`, `rule`, `norm`, `checkEvery`, `keepVotes`, `onSamples`, `batchSize`, `signal`,' +
        ' `select`',
    ],
  ])('%o', (change, text) => expectError(first(dataset(0), change), OptionError, `certifyDataset: ${text}`));
});
