import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, foldIn, GaussianNoise, LaplaceNoise, SmoothedClassifier, UniformNoise } from 'catrs';
import { normalQuantile } from 'catrs/stats';
import { useBackend } from '../helpers/backends.ts';

beforeAll(() => useBackend('cpu'));

const scales = [0.5, 20, 0.03];
const p = 0.8;

/** A half-space of probability p at 0 along the worst direction of each noise, and its true radius in norm 'scaled'. */
const cases = [
  // Σ wᵢσᵢwᵢ: with w = 1/σ the sum of three standard normals.
  { noise: new GaussianNoise({ sigma: scales }), w: scales.map((s) => 1 / s), c: Math.sqrt(3) * normalQuantile({ p, q: 1 - p }), radius: normalQuantile({ p, q: 1 - p }) }, // prettier-ignore
  { noise: new LaplaceNoise({ scale: scales }), w: [0, 1 / 20, 0], c: -Math.log(2 * (1 - p)), radius: -Math.log(2 * (1 - p)) }, // prettier-ignore
  { noise: new UniformNoise({ halfWidth: scales }), w: [0, 0, 1 / 0.03], c: 2 * p - 1, radius: 2 * p - 1 },
];

describe('certificates with a scale for each coordinate, of half-spaces whose true radius is known', () => {
  it.each(cases)('$noise.name are wrong no more often than alpha', async ({ noise, w, c, radius }) => {
    const g = new SmoothedClassifier(
      (x) =>
        tf.tidy(() => {
          const side = tf.sub(c, tf.sum(tf.mul(x, w), 1, true));
          return tf.concat([side, tf.neg(side)], 1);
        }),
      { noise, numClasses: 2, inputRange: [-1, 1] },
    );
    const x = tf.zeros([3]);
    const [alpha, runs] = [0.1, 300];
    let [wrong, certified, sum] = [0, 0, 0];
    for (let i = 0; i < runs; i++) {
      const found = await g.certify(x, { key: foldIn(createKey(40), i), n0: 20, n: 100, alpha });
      wrong += Number(found.radius > radius || found.label === 1);
      certified += Number(!found.abstained);
      sum += found.radius;
    }
    x.dispose();
    // 30 expected at most; 54 is more than four deviations above, a false alarm in 1e5.
    expect(wrong).toBeLessThanOrEqual(54);
    // Were it far from tight, none would be.
    expect(wrong).toBeGreaterThan(3);
    expect(certified).toBeGreaterThan(290);
    expect(sum / runs).toBeGreaterThan(0.6 * radius);
  });
});
