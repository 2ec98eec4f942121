import { describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { DataError, OptionError } from '../../src/errors.ts';

const source = { values: Float32Array.of(1, 2, 3, 4), shape: [2], labels: [0, 1] };

describe('arrayDataset: errors', () => {
  it.each([
    [{ values: Float32Array.of(1, 2, 3) }, '`values` must hold 2 inputs of shape [2], that is 4 numbers, got 3'],
    [{ labels: [0, 1, 2] }, '`values` must hold 3 inputs of shape [2], that is 6 numbers, got 4'],
    [{ labels: [], values: new Float32Array(0) }, '`labels` must hold at least one label, got []'],
    [{ labels: [0, -1] }, '`labels` must be integers of at least 0, got -1 at index 1'],
    [{ labels: [0.5, 1] }, '`labels` must be integers of at least 0, got 0.5 at index 0'],
    [{ values: Float32Array.of(1, NaN, 3, 4) }, '`values` must be finite numbers, got NaN at index 1'],
  ])('%o', (change, message) => {
    expect(() => arrayDataset({ ...source, ...change })).toThrow(`arrayDataset: ${message}`);
    expect(() => arrayDataset({ ...source, ...change })).toThrow(DataError);
  });

  it.each([
    [
      { values: [1, 2, 3, 4] },
      '`values` must be a typed array of numbers (Float32Array.from(values) keeps them as they are, Uint8Array.from(values) makes bytes), got [1, 2, 3, 4]',
    ],
    [{ shape: [] }, '`shape` must be one or more integers of at least 1, got []'],
    [{ shape: [2, 0] }, '`shape` must be one or more integers of at least 1, got [2, 0]'],
    [
      { shape: undefined },
      '`shape` must be given where `values` has none, got undefined (of one input, for example [28, 28, 1])',
    ],
    [
      { values: { dtype: 'uint8', shape: [2], data: Uint8Array.of(1, 2) }, shape: undefined },
      '`shape` must be given where `values` has none, got [] (of one input, for example [28, 28, 1])',
    ],
    [
      { values: { dtype: 'int64', shape: [2, 2], data: BigInt64Array.of(1n, 2n, 3n, 4n) } },
      '`values` must be a typed array of numbers (Float32Array.from(values) keeps them as they are, Uint8Array.from(values) makes bytes), got an object (Object)',
    ],
    [{ labels: 3 }, '`labels` must be an array of class numbers, got 3'],
    [{ label: [0, 1] }, 'unknown option `label`; known options: `values`, `shape`, `labels`, `inputRange`'],
  ])('%o', (change, message) => {
    expect(() => arrayDataset({ ...source, ...change } as never)).toThrow(`arrayDataset: ${message}`);
    expect(() => arrayDataset({ ...source, ...change } as never)).toThrow(OptionError);
  });

  it.each([-1, 2, 0.5, NaN])('index %d', (index) => {
    const message = `arrayDataset.example: \`index\` must be an integer from 0 to 1, got ${index}`;
    expect(() => arrayDataset(source).example(index)).toThrow(message);
  });
});
