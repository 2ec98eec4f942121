import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { corruptedDataset } from '../../src/data/corrupted-dataset.ts';
import { decodeNpy } from '../../src/data/npy.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { type CertifiedRow, certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { gzip } from './idx-encoder.ts';
import { encodeNpy } from './npy-encoder.ts';

const SIZE = 4;
const PIXELS = 2 * 2 * 3;

/** A tiny file of the layout of CIFAR-10-C: severity s adds 20 s to every byte of image i, which begins at 10 i. */
const cifarC = encodeNpy({
  dtype: 'uint8',
  shape: [5 * SIZE, 2, 2, 3],
  data: Uint8Array.from({ length: 5 * SIZE * PIXELS }, (_, i) => {
    const image = Math.floor(i / PIXELS);
    return 10 * (image % SIZE) + 20 * (1 + Math.floor(image / SIZE)) + (i % 3);
  }),
});
const cifarLabels = encodeNpy({
  dtype: 'uint8',
  shape: [5 * SIZE],
  data: Uint8Array.from({ length: 5 * SIZE }, (_, i) => i % 2),
});

/** Tiny files of the layout of one corruption of MNIST-C, whose labels are int64. */
const mnistC = encodeNpy({
  dtype: 'uint8',
  shape: [3, 2, 2, 1],
  data: Uint8Array.from({ length: 12 }, (_, i) => 20 * i),
});
const mnistLabels = encodeNpy({ dtype: 'int64', shape: [3], data: Float64Array.of(1, 0, 1) });

describe('corruptedDataset', () => {
  it.each([1, 2, 3, 4, 5] as const)('picks the images and labels of severity %d', async (severity) => {
    const [images, labels] = await Promise.all([decodeNpy(cifarC), decodeNpy(cifarLabels)]);
    const dataset = corruptedDataset({ images, labels, severity });
    expect(dataset).toMatchObject({ size: SIZE, shape: [2, 2, 3] });
    for (let i = 0; i < SIZE; i++) {
      const base = 10 * i + 20 * severity;
      const bytes = Array.from({ length: PIXELS }, (_, j) => base + (j % 3));
      expect(dataset.example(i)).toEqual({ x: Float32Array.from(bytes, (byte) => byte / 255), label: i % 2 });
    }
  });

  it('lets the bytes of one severity fill the input range', async () => {
    const [images, labels] = await Promise.all([decodeNpy(cifarC), decodeNpy(cifarLabels)]);
    const dataset = corruptedDataset({ images, labels, severity: 2, inputRange: [0, 255] });
    expect((await dataset.example(1)).x.slice(0, 4)).toEqual(Float32Array.of(50, 51, 52, 50));
  });

  it('takes the whole file without a severity, and labels of 64 bits', async () => {
    const [images, labels] = await Promise.all([decodeNpy(gzip(mnistC)), decodeNpy(mnistLabels)]);
    const dataset = corruptedDataset({ images, labels });
    expect(dataset).toMatchObject({ size: 3, shape: [2, 2, 1] });
    expect(dataset.example(1)).toEqual({ x: Float32Array.of(80 / 255, 100 / 255, 120 / 255, 140 / 255), label: 0 });
  });
});

describe('a corrupted test set in certifyDataset', () => {
  beforeAll(() => useBackend('cpu'));

  const key = createKey(7);
  /** Class 1 where the mean exceeds 0.3. */
  const brightness = (x: tf.Tensor): tf.Tensor =>
    tf.tidy(() => {
      const score = tf.sub(tf.mean(tf.reshape(x, [x.shape[0] ?? 0, -1]), 1, true), 0.3);
      return tf.concat([tf.neg(score), score], 1);
    });
  const g = new SmoothedClassifier(brightness, { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 2 });

  async function certified(dataset: LabelledDataset): Promise<CertifiedRow[]> {
    const rows: CertifiedRow[] = [];
    for await (const row of certifyDataset(g, dataset, { key, n0: 20, n: 200 })) rows.push({ ...row, milliseconds: 0 });
    return rows;
  }

  it('gives the rows that the same values in an array data set give', async () => {
    const [images, labels] = await Promise.all([decodeNpy(cifarC), decodeNpy(cifarLabels)]);
    const severity = 3;
    const values = Float32Array.from({ length: SIZE * PIXELS }, (_, i) => {
      return (10 * Math.floor(i / PIXELS) + 20 * severity + (i % 3)) / 255;
    });
    const expected = await certified(arrayDataset({ values, shape: [2, 2, 3], labels: [0, 1, 0, 1] }));
    expect(await certified(corruptedDataset({ images, labels, severity }))).toEqual(expected);
    expect(expected.map(({ index, label }) => [index, label])).toEqual([
      [0, 0],
      [1, 1],
      [2, 0],
      [3, 1],
    ]);
  });

  it('sees the severity: brighter images change their class', async () => {
    const [images, labels] = await Promise.all([decodeNpy(cifarC), decodeNpy(cifarLabels)]);
    const classes = async (severity: 1 | 5): Promise<number[]> =>
      (await certified(corruptedDataset({ images, labels, severity }))).map(({ certificate }) => certificate.cAHat);
    expect(await classes(1)).toEqual([0, 0, 0, 0]); // means 21/255 to 51/255
    expect(await classes(5)).toEqual([1, 1, 1, 1]); // means 101/255 to 131/255
  });

  it('runs MNIST-C files', async () => {
    const [images, labels] = await Promise.all([decodeNpy(mnistC), decodeNpy(mnistLabels)]);
    const rows = await certified(corruptedDataset({ images, labels }));
    expect(rows.map(({ label }) => label)).toEqual([1, 0, 1]);
    expect(rows.map(({ certificate }) => certificate.cAHat)).toEqual([0, 1, 1]); // means 30/255, 110/255, 190/255
  });
});
