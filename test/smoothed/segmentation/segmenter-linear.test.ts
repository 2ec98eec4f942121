import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, decodeLabels, foldIn, GaussianNoise, SmoothedSegmenter } from 'catrs';
import { normalQuantile } from 'catrs/stats';

/** Each pixel is class 1 where its own value is above 1/2: under Gaussian noise its true radius is its distance to 1/2, whatever the attack. */
const SIGMA = 0.25;
const noise = new GaussianNoise({ sigma: SIGMA });
const g = new SmoothedSegmenter((x) => tf.clone(x), { noise, numClasses: 2, threshold: 0.5 });
const [TAU, ALPHA, PIXELS, NULLS] = [0.75, 0.05, 64, 40];
/** Where the probability of the class is tau, up to rounding: nothing may be certified there. */
const EDGE = 0.5 - SIGMA * normalQuantile({ p: TAU, q: 1 - TAU }) * (1 - 1e-6);

describe('a segmenter whose radii are known', () => {
  beforeAll(async () => void (await tf.setBackend('cpu')));

  // The keys are fixed. A true failure probability of alpha in 250 runs exceeds the bound of 4.5 standard errors with probability 1e-5.
  it('certifies a pixel beyond its true radius in no more than alpha of the runs', async () => {
    const values = Array.from({ length: PIXELS }, (_, i) => (i < NULLS ? EDGE : 0.05));
    const x = tf.tensor3d(values, [8, 8, 1]);
    const runs = 250;
    let [failures, certified] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const c = await g.certify(x, { key: foldIn(createKey(31), run), n0: 10, n: 100, tau: TAU, alpha: ALPHA });
      const labels = decodeLabels(c);
      // At a distance below the radius the class can be turned.
      expect(0.5 - EDGE).toBeLessThan(c.radius);
      failures += labels.slice(0, NULLS).some((label) => label >= 0) ? 1 : 0;
      certified += c.certified;
    }
    x.dispose();
    expect(failures / runs).toBeLessThan(ALPHA + 4.5 * Math.sqrt((ALPHA * (1 - ALPHA)) / runs));
    expect(certified / runs, 'pixels far from the edge').toBeGreaterThan(0.9 * (PIXELS - NULLS));
  });

  it('is right within the radius, for the worst attack on each pixel', async () => {
    const values = Array.from({ length: PIXELS }, (_, i) => i / (PIXELS - 1));
    const x = tf.tensor3d(values, [8, 8, 1]);
    for (const tau of [0.6, 0.75, 0.9]) {
      const c = await g.certify(x, { key: createKey(32), n: 300, tau });
      const labels = decodeLabels(c);
      let known = 0;
      values.forEach((value, i) => {
        if (labels[i] === -1) return;
        known++;
        // The whole attack on one pixel.
        const attacked = value + (labels[i] === 1 ? -1 : 1) * c.radius;
        expect(labels[i], `pixel ${i} at tau = ${tau}`).toBe(attacked > 0.5 ? 1 : 0);
      });
      expect(known).toBe(c.certified);
      expect(known).toBeGreaterThan(5);
    }
    x.dispose();
  });

  it('has the radius of tau, rounded down', async () => {
    const x = tf.fill([8, 8, 1], 0.05);
    const c = await g.certify(x as tf.Tensor3D, { key: createKey(33), n: 300, tau: 0.75 });
    x.dispose();
    expect(c.radius).toBeLessThanOrEqual(SIGMA * 0.6744897501960818);
    expect(c.radius).toBeGreaterThan(SIGMA * 0.67448975);
  });
});

describe('ignored components', () => {
  it('are not tested, and leave more level to the others', async () => {
    const ignore = Array.from({ length: PIXELS }, (_, i) => (i < NULLS ? 1 : 0));
    const some = new SmoothedSegmenter((x) => tf.clone(x), { noise, numClasses: 2, threshold: 0.5, ignore });
    const x = tf.fill([8, 8, 1], 0.05) as tf.Tensor3D;
    const c = await some.certify(x, { key: createKey(34), n: 100 });
    x.dispose();
    expect(c.components).toBe(PIXELS - NULLS);
    expect(
      decodeLabels(c)
        .slice(0, NULLS)
        .every((label) => label === -1),
    ).toBe(true);
    expect(c.firstLevel).toBeCloseTo(0.001 / (PIXELS - NULLS), 12);
  });
});
