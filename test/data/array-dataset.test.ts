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

  it('takes decoded arrays as they are, also integers of 64 bits, which stay bytes, and one-hot rows', () => {
    const values = { dtype: 'int64', shape: [2, 1, 2], data: Float64Array.of(0, 255, 51, 0) } as const;
    const labels = { dtype: 'float64', shape: [2, 3], data: Float64Array.of(0, 0, 1, 1, 0, 0) } as const;
    const dataset = arrayDataset({ values, labels });
    expect(dataset).toMatchObject({ size: 2, shape: [1, 2, 1] });
    expect([dataset.example(0), dataset.example(1)]).toEqual([
      { x: Float32Array.of(0, 1), label: 2 },
      { x: Float32Array.of(0.2, 0), label: 0 },
    ]);
    expect(arrayDataset({ values, labels: BigInt64Array.of(1n, 0n), shape: [2] }).shape).toEqual([2]);
    expect(arrayDataset({ values: Float32Array.of(1, 2), shape: [1], labels }).example(0)).toEqual({
      x: Float32Array.of(1),
      label: 2,
    });
  });

  it('gives a fresh copy each time', async () => {
    const values = Float32Array.of(1, 2);
    const dataset = arrayDataset({ values, shape: [2], labels: [0] });
    (await dataset.example(0)).x.fill(9);
    expect((await dataset.example(0)).x).toEqual(values);
  });
});
