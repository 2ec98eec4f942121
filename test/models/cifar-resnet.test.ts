import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { imageStatistics } from '../../src/models/normalize.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

beforeAll(() => useBackend('wasm'));
afterEach(() => vi.restoreAllMocks());

const key = createKey(1);
const readAll = (model: tf.LayersModel): Promise<Float32Array[]> =>
  Promise.all(model.getWeights().map((weight) => weight.data() as Promise<Float32Array>));
const trainable = (model: tf.LayersModel): number =>
  model.trainableWeights.reduce((total, { shape }) => total + tf.util.sizeFromShape(shape as number[]), 0);

/** Trainable weights by the definition of the network: kernels, two vectors a batch norm, dense layer. */
function parametersOf(depth: number, classes: number): number {
  const n = (depth - 2) / 6;
  const convolution = (size: number, inputs: number, filters: number): number =>
    size * size * inputs * filters + 2 * filters;
  const stage = (inputs: number, filters: number): number =>
    convolution(3, inputs, filters) + (2 * n - 1) * convolution(3, filters, filters);
  const shortcuts = convolution(1, 16, 32) + convolution(1, 32, 64);
  return convolution(3, 3, 16) + stage(16, 16) + stage(16, 32) + stage(32, 64) + shortcuts + 64 * classes + classes;
}

describe('cifarResnet', () => {
  it.each([
    [20, 10, 272_474],
    [110, 10, 1_730_714],
    [110, 100, 1_736_564],
  ])(
    'of depth %i has for %i classes as many trainable weights as the definition: %i',
    (depth, numClasses, expected) => {
      expect(parametersOf(depth, numClasses)).toBe(expected);
      const model = cifarResnet({ key, depth, numClasses });
      expect(trainable(model)).toBe(expected);
      const convolutions = model.layers.filter((layer) => layer.getClassName() === 'Conv2D');
      expect(convolutions.length + 1).toBe(depth + 2); // two of them are in shortcuts
      model.dispose();
    },
  );

  it('of depth 110 gives finite logits, and a step of training on two images lowers their loss', async () => {
    const model = cifarResnet({ key, depth: 110, ...imageStatistics.cifar10 });
    const [x, targets] = [tf.randomUniform([2, 32, 32, 3], 0, 1, 'float32', 3), tf.eye(2, 10)];
    const loss = (): tf.Scalar => {
      const logits = model.apply(x, { training: true }) as tf.Tensor;
      return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1)));
    };
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const optimizer = tf.train.sgd(0.01);
    const [before] = await tf.tidy(() => optimizer.minimize(loss, true, variables)!).data();
    const [after] = await tf.tidy(loss).data();
    expect(before).toBeGreaterThan(0.1);
    expect(after).toBeLessThan(before! - 0.01);
    const logits = model.predict(x) as tf.Tensor;
    expect(logits.shape).toEqual([2, 10]);
    expect((await logits.data()).every(Number.isFinite)).toBe(true);
    tf.dispose([x, targets, logits]);
    model.dispose();
  });

  it('draws convolutions from N(0, 2 / (k² filters)) and the dense layer as PyTorch does', async () => {
    const model = cifarResnet({ key, depth: 20 });
    for (const weight of model.weights) {
      const { originalName } = weight;
      const shape = weight.shape as number[];
      const values = (await weight.read().data()) as Float32Array;
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const power = values.reduce((sum, v) => sum + v * v, 0) / values.length;
      if (shape.length === 4) {
        const expected = 2 / (shape[0]! * shape[1]! * shape[3]!);
        // Fixed key. Of c normals, the mean square has relative standard error sqrt(2/c): 5 errors fail by chance with 6e-7.
        expect(Math.abs(power / expected - 1), originalName).toBeLessThan(5 * Math.sqrt(2 / values.length));
        expect(Math.abs(mean), originalName).toBeLessThan(5 * Math.sqrt(expected / values.length));
      } else if (originalName.startsWith('fc/')) {
        expect(
          values.every((v) => Math.abs(v) <= 1 / 8),
          originalName,
        ).toBe(true);
        if (shape.length === 2) expect(Math.abs(power * 3 * 64 - 1)).toBeLessThan(5 * Math.sqrt(0.8 / values.length));
      } else {
        const start = /gamma|moving_variance/.test(originalName) ? 1 : 0;
        expect(
          values.every((v) => v === start),
          originalName,
        ).toBe(true);
      }
    }
    model.dispose();
  });

  it('is driven by its key alone and never by Math.random; no two kernels are drawn alike', async () => {
    const random = vi.spyOn(Math, 'random');
    const models = [key, key, createKey(2)].map((one) => cifarResnet({ key: one, depth: 8 }));
    const [first, again, other] = await Promise.all(models.map(readAll));
    expect(random).not.toHaveBeenCalled();
    expect(again).toEqual(first);
    const drawn = models[0]!.trainableWeights.flatMap(({ originalName }, t) =>
      /kernel|fc/.test(originalName) ? [t] : [],
    );
    expect(drawn.length).toBe(11);
    for (const t of drawn) expect(other?.[t], `tensor ${t}`).not.toEqual(first?.[t]);
    expect(new Set(drawn.map((t) => first![t]![0]! / Math.max(...first![t]!))).size).toBe(11);
    models.forEach((model) => model.dispose());
  });

  it('takes other sizes of image and other numbers of channels and classes', () => {
    const model = cifarResnet({ key, depth: 8, inputShape: [17, 30, 1], numClasses: 3, mean: [0.5], std: [2] });
    const x = tf.zeros([2, 17, 30, 1]);
    const logits = model.predict(x) as tf.Tensor;
    expect(logits.shape).toEqual([2, 3]);
    tf.dispose([x, logits]);
    model.dispose();
  });

  it('leaves no tensor behind once it is disposed', async () => {
    await expectNoLeak(() => cifarResnet({ key, depth: 20, ...imageStatistics.cifar10 }).dispose());
  });
});

describe('cifarResnet: errors', () => {
  const depths = 'must be 6n + 2 with n of at least 1 (20, 32, 44, 56, 110, ...)';
  it.each<[object, string]>([
    [{ depth: 20 }, '`key` must be a key (createKey(seed) makes one), got undefined'],
    [{ key }, `\`depth\` ${depths}, got undefined`],
    [{ key, depth: 18 }, `\`depth\` ${depths}, got 18`],
    [{ key, depth: 2 }, `\`depth\` ${depths}, got 2`],
    [{ key, depth: 20, numClasses: 1 }, '`numClasses` must be an integer of at least 2, got 1'],
    [
      { key, depth: 20, inputShape: [32, 32] },
      '`inputShape` must be [height, width, channels], integers of at least 1, got [32, 32]',
    ],
    [{ key, depth: 20, mean: [0, 0, 0] }, '`std` must be given together with `mean`, got undefined'],
    [{ key, depth: 20, std: [1, 1, 1] }, '`mean` must be given together with `std`, got undefined'],
    [{ key, depth: 20, mean: [0, 0], std: [1] }, '`std` must have 2 numbers, as many as `mean`, got 1'],
    [
      { key, depth: 20, mean: [0], std: [1] },
      '`mean` must have 3 numbers, one for each channel of `inputShape`, got 1',
    ],
    [
      { key, depth: 20, mean: [0, 0, NaN], std: [1, 1, 1] },
      '`mean` must be a list of finite numbers, one a channel, got [0, 0, NaN]',
    ],
    [
      { key, depth: 20, mean: [0, 0, 0], std: [1, 0, 1] },
      '`std` must be a list of numbers greater than 0 that float32 can hold, one a channel, got [1, 0, 1]',
    ],
    [
      { key, depth: 20, classes: 10 },
      'unknown option `classes`; known options: `key`, `depth`, `numClasses`, `inputShape`, `mean`, `std`',
    ],
  ])('%o', async (options, message) => {
    await expectError(() => cifarResnet(options as never), OptionError, `cifarResnet: ${message}`);
  });
});
