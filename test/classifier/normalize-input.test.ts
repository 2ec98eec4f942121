import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { normalizeInput, type NormalizeInputOptions } from '../../src/classifier/normalize-input.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { typedTwin } from '../helpers/typed.ts';

const SHAPE = [2, 2, 3];
const flatten: LogitsFn = (x) => tf.tidy(() => tf.reshape(x, [x.shape[0] ?? 0, -1]));
const mode = { training: false };
const rows = Array.from({ length: 24 }, (_, i) => Math.fround(100 * Math.abs(Math.sin(i + 1))));
const f32 = Math.fround;

describeBackends('normalizeInput', () => {
  it.each<readonly [string, NormalizeInputOptions, (i: number) => readonly [number, number]]>([
    ['one number', { mean: 127.5, std: 63.75 }, () => [127.5, 63.75]],
    ['a mean alone', { mean: 0.1307 }, () => [0.1307, 1]],
    ['a deviation alone', { std: 1 / 255 }, () => [0, 1 / 255]],
    [
      'a number for each channel, last',
      { mean: [1, 2, 3], std: [0.5, 0.25, 3] },
      (i) => [[1, 2, 3][i % 3]!, [0.5, 0.25, 3][i % 3]!],
    ],
    ['lists and numbers', { mean: [1, 2, 3], std: 7 }, (i) => [[1, 2, 3][i % 3]!, 7]],
    ['channels first', { mean: 5, std: [2, 4], layout: 'nchw' }, (i) => [5, [2, 4][Math.floor(i / 6) % 2]!]],
  ])('takes %s, of tensors and of typed arrays', async (_, options, at) => {
    const expected = rows.map((value, i) => {
      const [mean, std] = at(i);
      return f32(f32(value - f32(mean)) / f32(std));
    });
    const x = tf.tensor(rows, [2, ...SHAPE]);
    const out = normalizeInput(flatten, options)(x, mode);
    const found = Array.from(await out.data());
    found.forEach((value, i) =>
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-6 * Math.abs(expected[i]!)),
    );
    const typed = normalizeInput(
      typedTwin((batch) => flatten(batch, mode)),
      options,
    );
    expect(Array.from(await typed.classify(Float32Array.from(rows), { batch: 2, shape: SHAPE }))).toEqual(expected);
    tf.dispose([x, out]);
  });

  it('has the noise before it: sigma is in units of the input', async () => {
    // (x − 100) / 20 > 0 under noise of sigma 20 is Phi((x − 100) / 20).
    const step: LogitsFn = (x) => tf.tidy(() => tf.concat([tf.zerosLike(x), x], 1));
    const f = normalizeInput(step, { mean: 100, std: 20 });
    const g = new SmoothedClassifier(f, {
      noise: new GaussianNoise({ sigma: 20 }),
      numClasses: 2,
      inputRange: [0, 255],
    });
    const x = tf.tensor1d([120]);
    const [, ones = 0] = await g.sampleCounts(x, { key: createKey(1), n: 20_000 });
    // Phi(1) = 0.84134; six standard deviations of the share are 0.0155: a false alarm once in 5e8 runs.
    expect(Math.abs(ones / 20_000 - 0.84134)).toBeLessThan(0.0155);
    x.dispose();
  });
});

describeBackends('normalizeInput refuses', () => {
  it.each<readonly [NormalizeInputOptions, typeof OptionError, string]>([
    [
      { std: 0 },
      OptionError,
      '`std` must be a number above 0 that float32 can hold, or a list of such numbers, one a channel, got 0',
    ],
    [
      { std: [1, -1, 1] },
      OptionError,
      '`std` must be a number above 0 that float32 can hold, or a list of such numbers, one a channel, got [1, -1, 1]',
    ],
    [{ mean: NaN }, OptionError, '`mean` must be a finite number, or a list of such numbers, one a channel, got NaN'],
    [{ mean: [] }, OptionError, '`mean` must be a finite number, or a list of such numbers, one a channel, got []'],
    [
      { mean: [1, 2] },
      ClassifierError,
      '`mean` must be one number, or one for each channel along the last axis, got 2 for inputs of shape [2, 2, 3]',
    ],
    [
      { std: [1, 2, 3], layout: 'nchw' },
      ClassifierError,
      '`std` must be one number, or one for each channel along the first axis, got 3 for inputs of shape [2, 2, 3]',
    ],
  ])('%j', async (options, kind, text) => {
    await expectError(
      () => tf.tidy(() => normalizeInput(flatten, options)(tf.ones([1, ...SHAPE]), mode)),
      kind,
      `normalizeInput: ${text}`,
    );
  });
});
