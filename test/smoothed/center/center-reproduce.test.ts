import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { CenterSmoothed, createKey, euclidean, GaussianNoise, reproduceCertificate } from 'catrs';
import { linearEmbedding, outputAt } from './linear-embedding.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const g = new CenterSmoothed(linearEmbedding, { noise, distance: euclidean, delta: 0.2, inputRange: [-10, 10] });
const at = [0.5, -1, 2];
const common = { key: createKey(5), n: 1500, alpha: 0.02, radius: [0.125, 0.2] };

it.each([
  { name: 'searched for', options: { predict: { n: 300, candidates: 20, check: 250, alpha: 0.05 } } },
  { name: 'given', options: { center: outputAt(at) } },
  { name: 'given, with a stop', options: { center: outputAt(at), stopAt: 6, checkEvery: 50 } },
])('a certificate of a center that was $name is drawn again', async ({ options }) => {
  const x = tf.tensor1d(at);
  const certificate = await g.certify(x, { ...common, ...options });
  expect(await reproduceCertificate(g, x, certificate)).toEqual({ same: true, differences: [], certificate });
  const [first, ...rest] = certificate.bounds;
  const closer = { ...first, coveringRadius: 1e-3, distance: 3e-3 } as typeof first;
  const edited = { ...certificate, coveringRadius: 1e-3, distance: 3e-3, bounds: closer ? [closer, ...rest] : [] };
  const again = await reproduceCertificate(g, x, edited);
  expect(again.same).toBe(false);
  expect(again.differences.join()).toContain('coveringRadius is 0.001, but');
  x.dispose();
});
