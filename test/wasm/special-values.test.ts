import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { expectSameEntries, runOn, sample } from './compare.ts';
import { images, numbers, ofImages, ofNumbers, ofPairs, ofRows, pairs, rows } from './special-values.ts';

beforeAll(() => useWasm());

const names = (table: object): string[] => Object.keys(table);

// What reads wrong on one backend must not look right on the other: a classifier whose weights are not finite has to be refused.
describe('NaN, infinities, signed zeros and subnormal numbers give on wasm what they give on cpu', () => {
  it.each(names(ofNumbers))('%s', async (name) => {
    await expectSameEntries((x) => [ofNumbers[name]!(x!)], [numbers]);
  });

  it.each(names(ofPairs))('%s', async (name) => {
    for (const pair of pairs) await expectSameEntries((a, b) => [ofPairs[name]!(a!, b!)], pair);
  });

  it.each(names(ofRows))('%s', async (name) => {
    await expectSameEntries((x) => [ofRows[name]!(x!)], [rows]);
  });

  it.each(names(ofImages))('%s', async (name) => {
    for (const image of images) await expectSameEntries((x) => [ofImages[name]!(x!)], [image]);
  });

  // The cpu backend multiplies by masks, so that a NaN reaches every segment; here it stays in its own.
  it('except that a NaN stays in its segment', async () => {
    const ids = (): tf.Tensor1D => tf.tensor1d([0, 1, 0], 'int32');
    const x = { shape: [3, 2], values: Float32Array.of(1, 2, NaN, 4, 5, 6) };
    const { values } = await runOn('wasm', (t) => [tf.unsortedSegmentSum(t!, ids(), 2)], [x]);
    expect([...values[0]!]).toEqual([6, 8, NaN, 4]);
  });
});

describe('a LeNet with weights that are NaN', () => {
  it('has NaN logits on wasm, fused or not', async () => {
    const lenet = (nan: number, isFused: boolean) => (x: tf.Tensor, w1: tf.Tensor, w2: tf.Tensor, w3: tf.Tensor) => {
      const weight = (w: tf.Tensor, index: number): tf.Tensor => (index === nan ? tf.mul(w, NaN) : w);
      const convolve = (y: tf.Tensor, filter: tf.Tensor): tf.Tensor4D =>
        isFused
          ? tf.fused.conv2d({
              x: y as tf.Tensor4D,
              filter: filter as tf.Tensor4D,
              strides: 1,
              pad: 'same',
              activation: 'relu',
            })
          : (tf.relu(tf.conv2d(y as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')) as tf.Tensor4D);
      const first = tf.maxPool(convolve(x, weight(w1, 0)), 2, 2, 'valid');
      const second = tf.maxPool(convolve(first, weight(w2, 1)), 2, 2, 'valid');
      return [tf.matMul(tf.reshape(second, [3, 27]), weight(w3, 2) as tf.Tensor2D)];
    };
    const inputs = [sample([3, 12, 12, 1], 1), sample([3, 3, 1, 6], 2), sample([3, 3, 6, 3], 3), sample([27, 5], 4)];
    for (const isFused of [false, true]) {
      for (const nan of [0, 1, 2]) {
        const f = lenet(nan, isFused) as (...tensors: tf.Tensor[]) => tf.Tensor[];
        await expectSameEntries(f, inputs);
      }
      const { values } = await runOn('wasm', lenet(2, isFused) as (...tensors: tf.Tensor[]) => tf.Tensor[], inputs);
      expect(values[0]!.every(Number.isNaN)).toBe(true);
    }
  });
});
