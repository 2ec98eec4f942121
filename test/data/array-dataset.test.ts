import { describe, expect, it } from 'vitest';
import { arrayDataset, idxDataset } from '../../src/data/array-dataset.ts';
import { decodeIdx } from '../../src/data/decode-idx.ts';
import { encodeIdx, gzip } from './idx-encoder.ts';

describe('arrayDataset', () => {
  it('gives float32 values as they are', () => {
    const dataset = arrayDataset({ values: Float32Array.of(1, -2, 3, 40), shape: [2, 1], labels: Uint8Array.of(5, 0) });
    expect(dataset).toMatchObject({ size: 2, shape: [2, 1] });
    expect(dataset.example(0)).toEqual({ x: Float32Array.of(1, -2), label: 5 });
    expect(dataset.example(1)).toEqual({ x: Float32Array.of(3, 40), label: 0 });
  });

  it('divides bytes by 255', () => {
    const dataset = arrayDataset({ values: Uint8Array.of(0, 255, 51, 128), shape: [4], labels: [0] });
    expect(dataset.example(0)).toEqual({ x: Float32Array.of(0, 1, 0.2, 128 / 255), label: 0 });
  });

  it('gives a fresh copy each time', async () => {
    const values = Float32Array.of(1, 2);
    const dataset = arrayDataset({ values, shape: [2], labels: [0] });
    (await dataset.example(0)).x.fill(9);
    expect((await dataset.example(0)).x).toEqual(values);
  });
});

describe('idxDataset', () => {
  it('joins two decoded files and adds the channel that convolutions need', async () => {
    const pixels = new Uint8Array(2 * 3 * 4).map((_, i) => i * 5);
    const images = await decodeIdx(gzip(encodeIdx({ dtype: 'uint8', shape: [2, 3, 4], data: pixels })));
    const labels = await decodeIdx(encodeIdx({ dtype: 'uint8', shape: [2], data: Uint8Array.of(7, 1) }));
    const dataset = idxDataset({ images, labels });
    expect(dataset).toMatchObject({ size: 2, shape: [3, 4, 1] });
    expect(dataset.example(1)).toEqual({ x: Float32Array.from(pixels.slice(12), (byte) => byte / 255), label: 1 });
  });

  it('takes another shape of the same size, and leaves shapes of other ranks alone', () => {
    const labels = { dtype: 'int32', shape: [1], data: Int32Array.of(3) } as const;
    const images = { dtype: 'float32', shape: [1, 2, 3], data: new Float32Array(6) } as const;
    expect(idxDataset({ images, labels, shape: [6] }).shape).toEqual([6]);
    expect(idxDataset({ images: { ...images, shape: [1, 6] }, labels }).shape).toEqual([6]);
    expect(idxDataset({ images: { ...images, shape: [1, 2, 1, 3] }, labels }).shape).toEqual([2, 1, 3]);
  });
});
