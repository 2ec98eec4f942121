import { describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';

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
