import { describe, expect, it } from 'vitest';
import { decodeIdx, idxDataset } from '../../src/data/idx.ts';
import { encodeIdx, gzip } from './idx-encoder.ts';

describe('idxDataset', () => {
  it('joins two decoded files and adds the channel that convolutions need', async () => {
    const pixels = new Uint8Array(2 * 3 * 4).map((_, i) => i * 5);
    const images = await decodeIdx(gzip(encodeIdx({ dtype: 'uint8', shape: [2, 3, 4], data: pixels })));
    const labels = await decodeIdx(encodeIdx({ dtype: 'uint8', shape: [2], data: Uint8Array.of(7, 1) }));
    const dataset = idxDataset({ images, labels });
    expect(dataset).toMatchObject({ size: 2, shape: [3, 4, 1] });
    expect(dataset.example(1)).toEqual({ x: Float32Array.from(pixels.slice(12), (byte) => byte / 255), label: 1 });
  });

  it('takes bytes of every integer type, floats of both sizes, one-hot labels and a range', async () => {
    const labels = { dtype: 'float64', shape: [2, 3], data: Float64Array.of(0, 0, 1, 0, 1, 0) } as const;
    const bytes = { dtype: 'int16', shape: [2, 2], data: Int16Array.of(0, 255, 51, 102) } as const;
    expect(await idxDataset({ images: bytes, labels }).example(0)).toEqual({ x: Float32Array.of(0, 1), label: 2 });
    const levels = idxDataset({ images: bytes, labels, inputRange: [0, 255] });
    expect(await levels.example(1)).toEqual({ x: Float32Array.of(51, 102), label: 1 });
    const floats = { dtype: 'float64', shape: [2, 2], data: Float64Array.of(0.1, 0.2, 7, -1) } as const;
    expect((await idxDataset({ images: floats, labels }).example(0)).x).toEqual(Float32Array.of(0.1, 0.2));
    expect(() => idxDataset({ images: floats, labels, inputRange: [0, 1] })).toThrow(
      'idxDataset: `values` must lie in the `inputRange` [0, 1], got 7 at index 2',
    );
  });

  it('takes another shape of the same size, and leaves shapes of other ranks alone', () => {
    const labels = { dtype: 'int32', shape: [1], data: Int32Array.of(3) } as const;
    const images = { dtype: 'float32', shape: [1, 2, 3], data: new Float32Array(6) } as const;
    expect(idxDataset({ images, labels, shape: [6] }).shape).toEqual([6]);
    expect(idxDataset({ images: { ...images, shape: [1, 6] }, labels }).shape).toEqual([6]);
    expect(idxDataset({ images: { ...images, shape: [1, 2, 1, 3] }, labels }).shape).toEqual([2, 1, 3]);
  });
});
