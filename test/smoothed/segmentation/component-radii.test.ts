import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  byMargin,
  createKey,
  decodeLabels,
  decodeRadii,
  foldIn,
  GaussianNoise,
  SmoothedSegmenter,
  verifyCertificate,
} from 'catrs';
import { clopperPearsonLowerBound, normalQuantile } from 'catrs/stats';

/** Each pixel is class 1 where its own value is above 1/2: under Gaussian noise its true radius is its distance to 1/2, whatever the attack. */
const SIGMA = 0.25;
const noise = new GaussianNoise({ sigma: SIGMA });
const g = new SmoothedSegmenter((x) => tf.clone(x), { noise, numClasses: 2, threshold: 0.5 });
const [ALPHA, PIXELS] = [0.05, 64];

const image = (values: readonly number[]): tf.Tensor3D => tf.tensor3d([...values], [8, 8, 1]);
const slope = Array.from({ length: PIXELS }, (_, i) => i / (PIXELS - 1));
const ownRadii = { n0: 10, n: 300, radii: 'per component' } as const;

beforeAll(async () => void (await tf.setBackend('cpu')));

describe('radii of components', () => {
  it('are those of Clopper-Pearson bounds at alpha divided by the number of components', async () => {
    const x = image(slope);
    const c = await g.certify(x, { key: createKey(41), ...ownRadii, alpha: ALPHA });
    expect(c).toMatchObject({ radii: 'per component', correction: 'bonferroni', tau: 0.5, components: PIXELS });
    expect(c.firstLevel).toBeCloseTo(ALPHA / PIXELS, 15);
    expect(c.lastLevel).toBe(c.firstLevel);
    expect(c.radiusOfVotes!.length).toBeGreaterThan(5);
    for (const [votes, radius] of c.radiusOfVotes!) {
      const { p } = clopperPearsonLowerBound(votes, 300, ALPHA / PIXELS);
      expect(radius).toBeGreaterThan(0);
      expect(radius / SIGMA).toBeCloseTo(normalQuantile({ p, q: 1 - p }), 9);
    }
    // One vote less than the least proves nothing.
    const next = clopperPearsonLowerBound(c.leastCertifiedCount! - 1, 300, ALPHA / PIXELS);
    expect(next.p).toBeLessThanOrEqual(0.5);
    const [labels, radii] = [decodeLabels(c), decodeRadii(c)];
    expect(c.radius).toBe(Math.min(...radii.filter((radius) => radius > 0)));
    expect([...labels].map((label) => label >= 0)).toEqual([...radii].map((radius) => radius > 0));
    expect(c.certified).toBe(labels.filter((label) => label >= 0).length);
    expect(verifyCertificate(c, noise)).toEqual({ valid: true, faults: [], radius: c.radius });
    x.dispose();
  });

  it('are right for the worst attack on each pixel, and far from it where the value is', async () => {
    const x = image(slope);
    const c = await g.certify(x, { key: createKey(42), ...ownRadii });
    x.dispose();
    const [labels, radii] = [decodeLabels(c), decodeRadii(c)];
    expect(new Set(radii).size).toBeGreaterThan(5);
    slope.forEach((value, i) => {
      if (labels[i] === -1) return;
      // The whole attack on one pixel.
      const attacked = value + (labels[i] === 1 ? -1 : 1) * radii[i]!;
      expect(labels[i], `pixel ${i}`).toBe(attacked > 0.5 ? 1 : 0);
    });
    expect(radii[0]).toBeGreaterThan(0.3);
    expect(radii[PIXELS / 2]).toBe(0);
  });

  // The keys are fixed. A true failure probability of alpha in 150 runs exceeds the bound of 4.5 standard errors with probability 1e-5.
  it.each([
    { correction: 'bonferroni', allowedErrors: 0 },
    { correction: 'k-fwer', allowedErrors: 1 },
  ] as const)(
    'exceed true radii in no more than alpha of the runs: $correction',
    async ({ correction, allowedErrors }) => {
      const values = Array.from({ length: 16 }, (_, i) => 0.3 + 0.19 * (i / 16));
      const x = tf.tensor3d(values, [4, 4, 1]);
      const runs = 150;
      let [failures, certified] = [0, 0];
      for (let run = 0; run < runs; run++) {
        const options = { n0: 5, n: 60, radii: 'per component', alpha: ALPHA, correction, allowedErrors } as const;
        const c = await g.certify(x, { key: foldIn(createKey(43), run), ...options });
        const labels = decodeLabels(c);
        const wrong = decodeRadii(c).filter((radius, i) => labels[i] === 1 || radius > 0.5 - values[i]!).length;
        failures += wrong > allowedErrors ? 1 : 0;
        certified += c.certified;
      }
      x.dispose();
      expect(failures / runs).toBeLessThan(ALPHA + 4.5 * Math.sqrt((ALPHA * (1 - ALPHA)) / runs));
      expect(certified / runs, 'pixels with a radius').toBeGreaterThan(4);
    },
  );

  it('fail about as often as they may for one pixel at a time: the level is not paid twice', () => {
    // P(L(X) > p) for X ~ Bin(n, p), summed exactly: at most the level, and not far below it for some p.
    const [n, level] = [120, ALPHA / PIXELS];
    const bounds = Array.from({ length: n + 1 }, (_, k) => clopperPearsonLowerBound(k, n, level).p);
    let most = 0;
    for (let p = 0.6; p < 0.99; p += 0.001) {
      let [term, total] = [(1 - p) ** n, 0];
      for (let k = 0; k <= n; k++) {
        if (bounds[k]! > p) total += term;
        term *= (((n - k) / (k + 1)) * p) / (1 - p);
      }
      expect(total).toBeLessThanOrEqual(level * (1 + 1e-9));
      most = Math.max(most, total);
    }
    expect(most).toBeGreaterThan(level / 2);
  });

  it('are larger with errors allowed, and those of groups where levels are', async () => {
    const x = image(slope);
    const at = { key: createKey(44), ...ownRadii };
    const [exact, errors] = [
      await g.certify(x, at),
      await g.certify(x, { ...at, correction: 'k-fwer', allowedErrors: 3 }),
    ];
    expect(errors.firstLevel).toBeCloseTo(4 * exact.firstLevel!, 15);
    decodeRadii(exact).forEach((radius, i) => expect(decodeRadii(errors)[i]).toBeGreaterThanOrEqual(radius));
    const sum = (c: typeof exact): number => decodeRadii(c).reduce((total, radius) => total + radius, 0);
    expect(sum(errors)).toBeGreaterThan(sum(exact));
    const none = await g.certify(x, { ...at, correction: 'k-fwer', allowedErrors: 0 });
    expect(none).toEqual(exact);
    // Both classes are one group: it is not tested.
    const grouped = await g.certify(x, { ...at, levels: byMargin([[0, 0]], [0.5], 'votes') });
    x.dispose();
    expect(grouped.components).toBeLessThan(PIXELS);
    expect(verifyCertificate(grouped, noise).valid).toBe(true);
  });

  it('show what is certified within any radius', async () => {
    const x = image(slope);
    const c = await g.certify(x, { key: createKey(45), ...ownRadii });
    const one = await g.certify(x, { key: createKey(45), n0: 10, n: 300, tau: 0.75 });
    x.dispose();
    const radii = decodeRadii(c);
    for (const radius of [0, 0.1, 0.2, 0.5]) {
      const labels = decodeLabels(c, { radius });
      expect([...labels]).toEqual([...decodeLabels(c)].map((label, i) => (radii[i]! >= radius ? label : -1)));
    }
    expect(decodeLabels(one, { radius: one.radius })).toEqual(decodeLabels(one));
    expect(new Set(decodeLabels(one, { radius: 0.2 }))).toEqual(new Set([-1]));
    expect(new Set(decodeRadii(one))).toEqual(new Set([0, one.radius]));
    // At the radius of tau a Bonferroni bound certifies what it certifies there.
    const bonferroni = await certifyAt(0.75);
    expect(decodeLabels(c, { radius: one.radius })).toEqual(bonferroni);
  });
});

/** Labels of one radius for all, by Bonferroni on the same draws. */
async function certifyAt(tau: number): Promise<Int16Array> {
  const x = image(slope);
  const c = await g.certify(x, { key: createKey(45), n0: 10, n: 300, tau, correction: 'bonferroni' });
  x.dispose();
  return decodeLabels(c);
}
