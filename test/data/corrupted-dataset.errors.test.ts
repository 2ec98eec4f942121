import { describe, it } from 'vitest';
import { corruptedDataset } from '../../src/data/corrupted-dataset.ts';
import type { NpyArray } from '../../src/data/arrays.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';

const images: NpyArray = { dtype: 'uint8', shape: [10, 2, 2, 3], data: new Uint8Array(120) };
const labels: NpyArray = { dtype: 'int64', shape: [10], data: Float64Array.of(3, 5, 3, 5, 3, 5, 3, 5, 3, 5) };
const blocks = 'must be 5 equal blocks of labels, one for each severity (omit `severity` for a file of one)';

describe('corruptedDataset: errors', () => {
  it.each<[object, typeof DataError, string]>([
    [
      { images: { dtype: 'float64', shape: [10], data: new Float64Array(10) } },
      DataError,
      '`images` must be an array of shape [size, ...], got float64 of shape [10]',
    ],
    [
      { labels: { dtype: 'bool', shape: [2, 2, 2], data: new Uint8Array(8) } },
      DataError,
      '`labels` must be class numbers of shape [size] or [size, 1], or one-hot rows of shape [size, classes], got bool of shape [2, 2, 2]',
    ],
    [
      { labels: { dtype: 'uint8', shape: [2], data: Uint8Array.of(3, 5) } },
      DataError,
      '`labels` must hold one label for each of the 10 images, got 2',
    ],
    [
      { labels: { ...labels, data: Float64Array.of(3, 5, 3, 5, 3, 5, 3, 5, 5, 3) }, severity: 1 },
      DataError,
      `\`labels\` ${blocks}, got 10 labels that differ between blocks`,
    ],
    [
      {
        images: { dtype: 'uint8', shape: [7, 1], data: new Uint8Array(7) },
        labels: { dtype: 'uint8', shape: [7], data: new Uint8Array(7) },
        severity: 1,
      },
      DataError,
      `\`labels\` ${blocks}, got 7`,
    ],
    [
      { labels: { ...labels, data: new Float64Array(10).fill(-1) } },
      DataError,
      "`labels` must be integers of at least 0, got -1 at index 0 (np.unique(labels, return_inverse=True)[1] numbers them from 0 in sorted order, if that is the order of the model's classes)",
    ],
    [
      { images: { ...images, data: new Uint8Array(60) } },
      DataError,
      '`values` must hold 10 inputs of shape [2, 2, 3], that is 120 numbers, got 60',
    ],
    [{ severity: 0 }, OptionError, '`severity` must be an integer from 1 to 5, got 0'],
    [{ severity: 2.5 }, OptionError, '`severity` must be an integer from 1 to 5, got 2.5'],
    [{ images: 'fog.npy' }, OptionError, '`images` must be an NPY array (decodeNpy makes one), got "fog.npy"'],
    [{ labels: {} }, OptionError, '`labels` must be an NPY array (decodeNpy makes one), got an object (Object)'],
    [
      { corruption: 'fog' },
      OptionError,
      'unknown option `corruption`; known options: `images`, `labels`, `severity`, `inputRange`',
    ],
  ])('%#', (change, kind, text) =>
    expectError(() => corruptedDataset({ images, labels, ...change }), kind, `corruptedDataset: ${text}`),
  );
});
