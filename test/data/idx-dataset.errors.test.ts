import { describe, expect, it } from 'vitest';
import { idxDataset } from '../../src/data/idx.ts';
import { DataError } from '../../src/errors.ts';

describe('idxDataset: errors', () => {
  const images = { dtype: 'uint8', shape: [2, 2, 2], data: new Uint8Array(8) } as const;
  const labels = { dtype: 'uint8', shape: [2], data: new Uint8Array(2) } as const;
  it.each([
    [
      { images: { dtype: 'int16', shape: [2, 4], data: new Int16Array(8).fill(-3) } },
      '`images` must be bytes from 0 to 255, or floats, got int16 down to -3',
    ],
    [
      { labels: images },
      '`labels` must be class numbers of shape [size] or [size, 1], or one-hot rows of shape [size, classes], got uint8 of shape [2, 2, 2]',
    ],
    [
      { labels: { dtype: 'float32', shape: [2], data: Float32Array.of(0, 0.5) } },
      '`labels` must be integers of at least 0, got 0.5 at index 1',
    ],
    [
      { labels: { dtype: 'uint8', shape: [3], data: new Uint8Array(3) } },
      '`labels` must hold one label for each of the 2 images, got 3',
    ],
    [{ shape: [5] }, '`values` must hold 2 inputs of shape [5], that is 10 numbers, got 8'],
    [{ images: labels }, '`images` must be an array of shape [size, ...], got uint8 of shape [2]'],
  ])('%o', (change, message) => {
    expect(() => idxDataset({ images, labels, ...change } as never)).toThrow(`idxDataset: ${message}`);
    expect(() => idxDataset({ images, labels, ...change } as never)).toThrow(DataError);
  });

  it('an array that is not decoded', () => {
    expect(() => idxDataset({ images: undefined as never, labels })).toThrow(
      'idxDataset: `images` must be an IDX array (decodeIdx makes one), got undefined',
    );
  });
});
