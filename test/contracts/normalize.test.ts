import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { imageStatistics, normalize } from '../../src/models/normalize.ts';
import { describeBackends } from '../helpers/backends.ts';

describeBackends('normalize', () => {
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('computes (x - mean) / std for each channel, for images and for rows', async () => {
    const layer = normalize({ mean: [0.5, 0.25], std: [0.5, 2] });
    const image = layer.apply(tf.tensor4d([1, 1.25, 0, 0.25], [1, 1, 2, 2])) as tf.Tensor;
    expect(Array.from(await image.data())).toEqual([1, 0.5, -1, 0]);
    const rows = layer.apply(tf.tensor2d([1, 1.25, 0, 0.25], [2, 2]), { training: true }) as tf.Tensor;
    expect(Array.from(await rows.data())).toEqual([1, 0.5, -1, 0]);
    expect(layer.countParams()).toBe(0);
  });

  it('lets gradients through, divided by std', async () => {
    const layer = normalize(imageStatistics.cifar10);
    const slopes = tf.grad((x) => tf.sum(layer.apply(x) as tf.Tensor))(tf.zeros([1, 3]));
    const expected = imageStatistics.cifar10.std.map((s) => Math.fround(1 / s));
    (await slopes.data()).forEach((slope, i) => expect(slope).toBeCloseTo(expected[i]!, 5));
  });

  it('keeps no tensor, in a model neither', () => {
    const model = tf.sequential({
      layers: [normalize({ mean: [0], std: [2], inputShape: [2, 2, 1] }), tf.layers.flatten()],
    });
    const x = tf.ones([3, 2, 2, 1]);
    const before = tf.memory().numTensors;
    tf.dispose(model.predict(x));
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });
});
