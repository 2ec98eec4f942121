import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { BackendError, GaussianNoise, SmoothedClassifier, checkBackend, createKey } from '../../src/index.ts';
import { cifarResnet, lenet } from '../../src/models/index.ts';
import { useWasm } from '../../src/wasm/index.ts';
import { thrownBy } from '../helpers/errors.ts';
import { mobileNet } from './mobile-net.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const key = createKey(3);

beforeAll(() => useWasm());

const models = {
  LeNet: [() => lenet({ key }), [28, 28, 1], 1e-5],
  'ResNet-20': [() => cifarResnet({ depth: 20, key }), [32, 32, 3], 1e-5],
  MobileNetV2: [() => mobileNet(96, 10), [96, 96, 3], 1e-4],
} as const;

it.each(Object.keys(models) as (keyof typeof models)[])('checkBackend passes %s', async (name) => {
  const [make, shape, most] = models[name];
  const x = tf.randomUniform([2, ...shape], 0, 1, 'float32', 5);
  const check = await checkBackend(make(), x, { noise, key });
  expect(check.difference).toBeLessThan(most);
});

it('170 copies of 224x224x3 fit by default; too many given ones end with an error, and the backend with them', async () => {
  const model = mobileNet(224, 10);
  const image = tf.fill([224, 224, 3], 0.5);
  const host = tf.tensor([1, 2, 3]);
  const g = new SmoothedClassifier(model, { noise, numClasses: 10 });
  const { counts } = await g.predict(image, { key, n: 170 });
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(170);
  expect([...(await host.data())]).toEqual([1, 2, 3]);

  const error = await thrownBy(() => g.predict(image, { key, n: 800, batchSize: 800 }));
  expect(error).toBeInstanceOf(BackendError);
  expect((error as Error).message).toMatch(
    /^SmoothedClassifier.predict: `batchSize` must be small enough .+ \[800,224,224,3\]/,
  );
  for (const use of [() => g.predict(image, { key, n: 20 }), () => host.data(), () => tf.add(1, 2)]) {
    expect(await thrownBy(async () => use())).toBeInstanceOf(BackendError);
  }
});
