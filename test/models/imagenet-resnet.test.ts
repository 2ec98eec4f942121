import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey } from 'catrs';
import { imagenetResnet, imageStatistics } from 'catrs/models';
import { useBackend } from '../helpers/backends.ts';

beforeAll(() => useBackend('wasm'));

const key = createKey(1);
const small = { key, depth: 18, inputShape: [32, 32, 3], numClasses: 10 } as const;

describe('imagenetResnet', () => {
  it.each([
    [18, 11_689_512],
    [34, 21_797_672],
    [50, 25_557_032],
    [101, 44_549_160],
  ] as const)('of depth %i has as many trainable weights as the paper says: %i', (depth, expected) => {
    const model = imagenetResnet({ key, depth, inputShape: [32, 32, 3] });
    const trainable = model.trainableWeights.reduce(
      (sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]),
      0,
    );
    expect(trainable).toBe(expected);
    model.dispose();
  });

  it('takes images of 224 x 224 pixels and gives 1000 logits by default', () => {
    const model = imagenetResnet({ key });
    expect([model.name, model.inputs[0]?.shape, model.outputs[0]?.shape]).toEqual([
      'resnet50',
      [null, 224, 224, 3],
      [null, 1000],
    ]);
    model.dispose();
  });

  it('normalises inside, so that noise is added before', async () => {
    const { mean, std } = imageStatistics.imagenet;
    const [inside, plain] = [imagenetResnet({ ...small, mean, std }), imagenetResnet(small)];
    const x = tf.randomUniform([2, 32, 32, 3], 0, 1, 'float32', 3);
    const outside = tf.div(tf.sub(x, tf.tensor1d([...mean])), tf.tensor1d([...std]));
    const [a, b] = [inside.predict(x) as tf.Tensor, plain.predict(outside) as tf.Tensor];
    const [one, other] = [await a.data(), await b.data()];
    one.forEach((value, i) => expect(Math.abs(value - (other[i] ?? NaN))).toBeLessThan(1e-3));
    tf.dispose([x, outside, a, b]);
    inside.dispose();
    plain.dispose();
  });

  it.each([
    [{ depth: 20 }, 'imagenetResnet: `depth` must be 18, 34, 50, 101 or 152, got 20'],
    [
      { inputShape: [32, 32] },
      'imagenetResnet: `inputShape` must be [height, width, channels], integers of at least 1',
    ],
    [{ mean: [0.5, 0.5, 0.5] }, 'imagenetResnet: `std` must be given together with `mean`'],
    [{ mean: [0.5], std: [0.5] }, 'imagenetResnet: `mean` must have 3 numbers, one for each channel of `inputShape`'],
  ])('refuses %j', (change, text) => {
    expect(() => imagenetResnet({ ...small, ...(change as object) })).toThrow(text);
  });
});
