import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { lenet } from '../../src/models/lenet.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { type FixtureArray, readFixture, readWeights, toTensor, type WeightEntry } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

// The network of the main job, on the backend it runs on; the cpu backend is too slow for it.
it('LeNet on wasm gives the same certificate for batch sizes 1, 77 and 1000', async () => {
  await useBackend('wasm');
  const { weights, inputs } = await readFixture<{ weights: WeightEntry[]; inputs: FixtureArray }>('lenet.json');
  const model = lenet({ key: createKey(0) });
  const tensors = await readWeights('lenet.bin', weights);
  model.setWeights(Object.values(tensors));
  const x = tf.tidy(() => tf.unstack(toTensor(inputs))[0]!.clone());
  tf.dispose(tensors);
  const g = new SmoothedClassifier(model, { noise: new GaussianNoise({ sigma: 1 }), numClasses: 10 });
  const certify = (batchSize: number) =>
    g.certify(x, { key: createKey(3), n0: 100, n: 1000, batchSize, checkEvery: 1000 });
  await expectNoLeak(async () => {
    const one = await certify(1);
    expect(one.nUsed).toBe(1000);
    expect(one.counts.filter((count) => count > 0).length, 'several classes are voted for').toBeGreaterThan(1);
    expect(await certify(77)).toEqual(one);
    expect(await certify(1000)).toEqual(one);
  });
  x.dispose();
  model.dispose();
});
