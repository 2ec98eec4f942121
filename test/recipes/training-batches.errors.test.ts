import { beforeAll, describe, it } from 'vitest';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { createKey } from '../../src/random/key.ts';
import { trainingBatches } from '../../src/recipes/training-batches.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

const key = createKey(6);
const dataset = (x: readonly number[] = [0, 1], label: unknown = 0): LabelledDataset => ({
  size: 6,
  shape: [2],
  example: () => ({ x: Float32Array.from(x), label: label as number }),
});

describe('trainingBatches refuses at once', () => {
  beforeAll(() => useBackend('cpu'));

  const run =
    (change: object, data: unknown = dataset()) =>
    () =>
      void trainingBatches(data as never, { batchSize: 4, key, ...change } as never);
  const floats = 'must be a Float32Array, a Float64Array or an NPY array of one of them';
  const table = 'must be a table [6, numClasses], a row for each example';

  it.each<[object, string]>([
    [{ batchSize: 0 }, '`batchSize` must be an integer of at least 1, got 0'],
    [{ key: 1 }, '`key` must be a key (createKey(seed) makes one), got 1'],
    [{ shuffle: 'yes' }, '`shuffle` must be true or false, got "yes"'],
    [{ dropRemainder: 1 }, '`dropRemainder` must be true or false, got 1'],
    [{ startBatch: -1 }, '`startBatch` must be an integer of at least 0, got -1'],
    [{ startBatch: 3 }, '`startBatch` must be at most the number of batches (2), got 3'],
    [{ startBatch: 2, dropRemainder: true }, '`startBatch` must be at most the number of batches (1), got 2'],
    [
      { batchSize: 7, dropRemainder: true },
      '`batchSize` must be at most the size of the data set (6) for one whole batch, got 7',
    ],
    [{ signal: true }, '`signal` must be an AbortSignal, got true'],
    [{ softTargets: [[0.5, 0.5]] }, `\`softTargets\` ${floats}, got [[0.5, 0.5]]`],
    [{ softTargets: { shape: [6, 2], data: new Uint8Array(12) } }, `\`softTargets\` ${floats}, got an object (Object)`],
    [{ softTargets: new Float32Array(13) }, `\`softTargets\` ${table}, got 13 numbers`],
    [{ softTargets: new Float32Array(6) }, `\`softTargets\` ${table}, got 6 numbers`],
    [
      { softTargets: { dtype: 'float32', shape: [2, 6], data: new Float32Array(12) } },
      `\`softTargets\` ${table}, got shape [2, 6]`,
    ],
    [
      { softTargets: { dtype: 'float32', shape: [6, 2], data: new Float32Array(11) } },
      `\`softTargets\` ${table}, got shape [6, 2]`,
    ],
    [
      { start: 1 },
      'unknown option `start`; known options: `batchSize`, `key`, `shuffle`, `dropRemainder`, `startBatch`, `softTargets`, `signal`',
    ],
  ])('%o', (change, text) => expectError(run(change), OptionError, `trainingBatches: ${text}`));

  it('what is no data set', () =>
    expectError(
      run({}, [1, 2]),
      OptionError,
      'trainingBatches: `dataset` must be a data set { size, shape, example }, got an array of 2 (await datasetOf(examples) of catrs/data makes one of { x, label })',
    ));

  it('an empty data set', () =>
    expectError(
      run({}, { ...dataset(), size: 0 }),
      OptionError,
      'trainingBatches: `batchSize` must be at most the size of the data set (0) for one whole batch, got 4',
    ));
});

describe('trainingBatches refuses, when it reads', () => {
  beforeAll(() => useBackend('cpu'));

  const first =
    (data: LabelledDataset, change: object = {}) =>
    () =>
      trainingBatches(data, { batchSize: 4, key, shuffle: false, ...change } as never).next();
  const softTargets = (row: readonly number[]): object => ({
    softTargets: Float32Array.from({ length: 12 }, (_, i) => row[i % 2]!),
  });

  it.each<[string, () => unknown, typeof DataError, string]>([
    [
      'an example of another size',
      first(dataset([0, 1, 2])),
      DataError,
      '`x` must hold 2 values, one example of shape [2], got 3',
    ],
    ['NaN', first(dataset([0, NaN])), DataError, '`x` must hold finite numbers, got NaN at number 1 of example 0'],
    [
      'a label that is no class',
      first(dataset([0, 1], 0.5)),
      OptionError,
      '`labels` must be integers of at least 0, got 0.5 for example 0',
    ],
    [
      'a label without a column',
      first(dataset([0, 1], 2), softTargets([0.5, 0.5])),
      OptionError,
      '`labels` must be integers from 0 to 1, got 2 for example 0',
    ],
    [
      'a row that does not sum to 1',
      first(dataset(), softTargets([0.5, 0.25])),
      DataError,
      '`softTargets` must have rows of probabilities, got [0.5, 0.25] for example 0',
    ],
    [
      'a negative probability',
      first(dataset(), softTargets([1.5, -0.5])),
      DataError,
      '`softTargets` must have rows of probabilities, got [1.5, -0.5] for example 0',
    ],
    [
      'a row that was never written',
      first(dataset(), softTargets([NaN, NaN])),
      DataError,
      '`softTargets` must have rows of probabilities, got [NaN, NaN] for example 0',
    ],
  ])('%s', (_name, run, kind, text) => expectError(run, kind, `trainingBatches: ${text}`));
});
