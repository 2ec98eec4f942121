import { describe, expect, it } from 'vitest';
import { cifarDataset, decodeCifar } from '../../src/data/cifar.ts';
import { cifarBatch, encodeCifar } from './cifar-encoder.ts';
import { gzip } from './idx-encoder.ts';

/** One record by hand: label 6, red 10 everywhere but the first two pixels, green 20, blue 30. */
const record = Uint8Array.from([
  6,
  1,
  2,
  ...Array<number>(1022).fill(10),
  ...Array<number>(1024).fill(20),
  ...Array<number>(1024).fill(30),
]);

describe('decodeCifar', () => {
  it('turns the planes of a record into pixels', async () => {
    const { images, labels, coarseLabels } = await decodeCifar(record, { classes: 10 });
    expect(images).toMatchObject({ dtype: 'uint8', shape: [1, 32, 32, 3] });
    expect(Array.from(images.data.subarray(0, 9))).toEqual([1, 20, 30, 2, 20, 30, 10, 20, 30]);
    expect(Array.from(images.data.subarray(-3))).toEqual([10, 20, 30]);
    expect(labels).toEqual({ dtype: 'uint8', shape: [1], data: Uint8Array.of(6) });
    expect(coarseLabels).toBeUndefined();
  });

  it('tells the coarse from the fine label of CIFAR-100', async () => {
    const batch = await decodeCifar(Uint8Array.from([19, 99, ...record.subarray(1)]), { classes: 100 });
    expect(Array.from(batch.coarseLabels?.data ?? [])).toEqual([19]);
    expect(Array.from(batch.labels.data)).toEqual([99]);
    expect(Array.from(batch.images.data.subarray(0, 3))).toEqual([1, 20, 30]);
  });

  it.each([10, 100] as const)('gives an encoded batch of CIFAR-%d back, plain and packed', async (classes) => {
    const batch = cifarBatch(3, classes);
    const file = encodeCifar(batch);
    expect(await decodeCifar(file, { classes })).toEqual(batch);
    expect(await decodeCifar(gzip(file), { classes })).toEqual(batch);
    expect(await decodeCifar(file.buffer as ArrayBuffer, { classes })).toEqual(batch);
  });
});

describe('cifarDataset', () => {
  it('joins files in their order and divides by 255', async () => {
    const [first, second] = [cifarBatch(2, 10), cifarBatch(3, 10)];
    const dataset = cifarDataset({ batches: [first, second] });
    expect(dataset).toMatchObject({ size: 5, shape: [32, 32, 3] });
    const pixels = second.images.data.subarray(3072, 2 * 3072);
    const { x, label } = await dataset.example(3);
    expect(label).toBe(second.labels.data[1]);
    expect(x).toEqual(Float32Array.from(pixels, (byte) => byte / 255));
    const levels = cifarDataset({ batches: [first, second], inputRange: [0, 255] });
    expect((await levels.example(3)).x).toEqual(Float32Array.from(pixels));
  });

  it('takes the fine labels of CIFAR-100, or the coarse ones', async () => {
    const batch = cifarBatch(2, 100);
    expect((await cifarDataset({ batches: [batch] }).example(1)).label).toBe(46);
    expect((await cifarDataset({ batches: [batch], labels: 'coarse' }).example(1)).label).toBe(6);
  });
});
