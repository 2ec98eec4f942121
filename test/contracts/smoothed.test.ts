import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { describeBackends } from '../helpers/backends.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';
import {
  tinyCnn,
  tinyCnnClasses,
  type TinyCnnFixture,
  tinyCnnInputShape,
  tinyCnnWeights,
} from '../helpers/tiny-cnn.ts';

const key = createKey(11);
const noise = new GaussianNoise({ sigma: 0.5 });
const { model } = await readFixture<{ model: TinyCnnFixture }>('tinycnn.json');
const image = (): tf.Tensor => tf.tidy(() => tf.reshape(tf.linspace(0, 1, 64), [...tinyCnnInputShape]));

describeBackends('the smoothed classifier', () => {
  it('counts the same votes for batch sizes 1, 77 and 1000', async () => {
    const weights = tinyCnnWeights(model);
    const x = image();
    const g = new SmoothedClassifier(tinyCnn(weights), { noise, numClasses: tinyCnnClasses });
    const counts = [1, 77, 1000].map((batchSize) => g.sampleCounts(x, { key, n: 200, batchSize }));
    const [one, some, many] = await Promise.all(counts);
    expect(some).toEqual(one);
    expect(many).toEqual(one);
    expect(
      one!.filter((count) => count > 0).length,
      'a run that only ever sees one class shows nothing',
    ).toBeGreaterThan(1);
    expect(await g.sampleCounts(x, { key: createKey(12), n: 200 })).not.toEqual(one);
    const certificates = [1, 77, 1000].map((batchSize) =>
      g.certify(x, { key, n0: 50, n: 200, batchSize, alpha: 0.01 }),
    );
    const [first, ...others] = await Promise.all(certificates);
    for (const other of others) expect(other).toEqual(first);
    tf.dispose([x, weights]);
  });

  it('takes a scale for each coordinate: the votes are those of sigma 1 on inputs in units of the scales', async () => {
    const weights = tinyCnnWeights(model);
    const x = image();
    const scales = Array.from({ length: 64 }, (_, i) => 2 ** ((i % 4) - 3));
    const shaped = tf.tensor(scales, [...tinyCnnInputShape]);
    const f = tinyCnn(weights);
    const own = new SmoothedClassifier(f, { noise: new GaussianNoise({ sigma: scales }), numClasses: tinyCnnClasses });
    const unit = new SmoothedClassifier((z) => tf.tidy(() => f(tf.mul(z, shaped))), {
      noise: new GaussianNoise({ sigma: 1 }),
      numClasses: tinyCnnClasses,
      inputRange: [0, 8],
    });
    const [options, y] = [{ key, n0: 50, n: 200, alpha: 0.01 }, tf.div(x, shaped)];
    const [certificate, other] = [await own.certify(x, options), await unit.certify(y, options)];
    expect(certificate.counts).toEqual(other.counts);
    expect(certificate).toMatchObject({ norm: 'scaled', radius: other.radius });
    expect(await own.certify(x, { ...options, batchSize: 7 })).toEqual(certificate);
    tf.dispose([x, y, weights, shaped]);
  });

  it('certifies a stream in mixed batches as each example alone', async () => {
    const weights = tinyCnnWeights(model);
    const g = new SmoothedClassifier(tinyCnn(weights), { noise, numClasses: tinyCnnClasses });
    const images = [0.3, 0.6, 1].map((scale) =>
      tf.tidy(() => tf.reshape(tf.linspace(0, scale, 64), [...tinyCnnInputShape])),
    );
    const options = { n0: 10, n: 120, alpha: 0.05, checkEvery: 20 };
    await expectNoLeak(async () => {
      const examples = (async function* (): AsyncGenerator<StreamExample> {
        for (const [index, x] of images.entries()) yield await Promise.resolve({ x, index });
      })();
      let index = 0;
      for await (const { certificate } of g.certifyStream(examples, { key, ...options, batchSize: 50 })) {
        const alone = await g.certify(images[index]!, { ...options, key: foldIn(key, index++) });
        expect(certificate).toEqual(alone);
      }
      expect(index).toBe(3);
    });
    tf.dispose([images, weights]);
  });

  it('leaves the input alone and no tensor behind', async () => {
    const weights = tinyCnnWeights(model);
    const x = image();
    const g = new SmoothedClassifier(tinyCnn(weights), { noise, numClasses: tinyCnnClasses });
    await expectNoLeak(() => g.sampleCounts(x, { key, n: 20 }));
    await expectNoLeak(() => g.probabilities(x, { key, n: 20 }));
    await expectNoLeak(() => g.predict(x, { key, n: 20 }));
    await expectNoLeak(() => g.certify(x, { key, n0: 20, n: 40 }));
    expect(x.isDisposed).toBe(false);
    tf.dispose([x, weights]);
  });

  it.each([
    { x: [0.5, 0.25], shape: [2] },
    { x: [0.5, 0.25, 0.1, 0.9], shape: [2, 2] },
    { x: [0.5, 0.25, 0.1, 0.9], shape: [2, 1, 2] },
  ])('certifies inputs of shape $shape', async ({ x: values, shape }) => {
    const linear = linearClassifier(
      values.map((_, i) => (i % 2 ? -1 : 2)),
      0.6,
    );
    const x = tf.tensor(values, shape);
    const g = new SmoothedClassifier(linear.logits, { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 2 });
    const certificate = await g.certify(x, { key, n0: 20, n: 500 });
    expect(certificate).toMatchObject({ label: linear.label(values), abstained: false, dimension: values.length });
    expect(certificate.radius).toBeGreaterThan(0);
    x.dispose();
  });
});
