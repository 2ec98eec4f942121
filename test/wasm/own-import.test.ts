import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, it } from 'vitest';
import { BackendError, GaussianNoise, SmoothedClassifier, createKey } from '../../src/index.ts';
import { thrownBy } from '../helpers/errors.ts';

interface Backend {
  makeOutput(shape: number[], dtype: string): object;
}

// A host that sets the backend up by itself: no kernel of catrs is there.
beforeAll(() => tf.setBackend('wasm'));

it('a full memory is noticed by a run, also where catrs has not set up the backend', async () => {
  const weights = tf.randomUniform([16, 3], -1, 1, 'float32', 7);
  const host = tf.tensor([1, 2, 3]);
  const linear = (x: tf.Tensor): tf.Tensor => tf.matMul(tf.reshape(x, [-1, 16]), weights as tf.Tensor2D);
  const g = new SmoothedClassifier(linear, { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 3 });
  const settings = { key: createKey(1), n0: 10, n: 1000, alpha: 0.01 };
  const x = tf.fill([4, 4, 1], 0.5);
  const before = await g.certify(x, settings);
  expect(before.n).toBe(1000);

  const heap = tf.backend() as unknown as Backend;
  const refused = await thrownBy(() => {
    for (let i = 0; i < 64; i++) heap.makeOutput([2 ** 25], 'float32');
  });
  expect(refused).toBeInstanceOf(BackendError);
  for (const use of [() => g.certify(x, settings), () => tf.add(host, 1), () => host.data()]) {
    expect(await thrownBy(async () => use())).toBeInstanceOf(BackendError);
  }
  await tf.setBackend('cpu');
  expect([...(await tf.add(tf.tensor([1, 2]), 1).data())]).toEqual([2, 3]);
});
