import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BoundsCertificate,
  createKey,
  GaussianNoise,
  type RegressionCertifyOptions,
  SmoothedRegressor,
} from 'catrs';
import { clopperPearsonLowerBound, normalCdf, normalQuantile } from 'catrs/stats';
import type { StreamExample } from '../../../src/smoothed/types.ts';
import { useBackend } from '../../helpers/backends.ts';
import { mostWrong } from '../linear-runs.ts';
import { binomialCdf, identity } from './scripted-outputs.ts';

/** Each check fails with at most this probability if the rate is what it is said to be. */
const FALSE_ALARM = 1e-6;
const sigma = 0.25;
const noise = new GaussianNoise({ sigma });
const key = createKey(20);

/** Fewest of so many runs that have a probability of at least `rate`: fewer come with probability of at most FALSE_ALARM. */
const fewest = (runs: number, rate: number): number => runs - mostWrong(runs, 1 - rate, FALSE_ALARM);

describe('how often bounds of a linear model are wrong, at the very perturbation that moves it the most', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.5]);
  });
  afterAll(() => x.dispose());

  /** Certificates of one input with as many keys: f(x) = x, whose percentile moves by as much as x. */
  async function certificates(
    runs: number,
    options: Omit<RegressionCertifyOptions, 'key'>,
    model = identity,
    percentile = 0.5,
  ): Promise<BoundsCertificate[]> {
    const g = new SmoothedRegressor(model, { noise, outputs: 1, percentile });
    const examples = (async function* (): AsyncGenerator<StreamExample> {
      for (let index = 0; index < runs; index++) yield await Promise.resolve({ x, index });
    })();
    const found: BoundsCertificate[] = [];
    for await (const { certificate } of g.certifyStream(examples, { key, ...options })) {
      if (certificate.claim === 'bounds') found.push(certificate);
    }
    return found;
  }

  // n, ρ, what one side is allowed, and its exact rate P(Bin(n, p̲) ≤ i − 1).
  it.each([
    [100, 0.5, 0.025, 0.01884, 2500],
    [200, 1, 0.025, 0.01981, 1200],
  ])('one side of n %d at ρ %d: at most %d, in truth %d', async (n, rho, allowed, exact, runs) => {
    const all = await certificates(runs, { n, radius: rho * sigma, alpha: 2 * allowed, batchSize: 8192 });
    const { lowerIndex } = all[0]?.looks[0]?.statistics[0] ?? {};
    expect(binomialCdf((lowerIndex ?? 0) - 1, n, normalCdf(-rho))).toBeCloseTo(exact, 5);
    const [below, above] = [0.5 - rho * sigma, 0.5 + rho * sigma];
    const lowerWrong = all.filter(({ bounds: [b] }) => (b?.lower ?? -Infinity) > below).length;
    const upperWrong = all.filter(({ bounds: [b] }) => (b?.upper ?? Infinity) < above).length;
    for (const wrong of [lowerWrong, upperWrong]) {
      expect(wrong).toBeLessThanOrEqual(mostWrong(runs, exact, FALSE_ALARM));
      // They are attained: a bound that were wider than need be would be wrong less often.
      expect(wrong).toBeGreaterThanOrEqual(fewest(runs, exact));
    }
    expect(lowerWrong + upperWrong).toBeLessThanOrEqual(mostWrong(runs, 2 * allowed, FALSE_ALARM));
  });

  it('one side alone takes all of alpha', async () => {
    const [n, runs, alpha] = [100, 2000, 0.05];
    const both = await certificates(1, { n, radius: 0.125, alpha });
    const all = await certificates(runs, { n, radius: 0.125, alpha, sides: 'lower', batchSize: 8192 });
    const [one, half] = [all[0], both[0]].map((c) => c?.looks[0]?.statistics[0]?.lowerIndex ?? 0) as [number, number];
    expect(one).toBeGreaterThan(half);
    const exact = binomialCdf(one - 1, n, normalCdf(-0.5));
    const wrong = all.filter(({ bounds: [b] }) => (b?.lower ?? -Infinity) > 0.375).length;
    expect(all.every(({ bounds: [b] }) => b?.upper === null)).toBe(true);
    expect(exact).toBeGreaterThan(0.025);
    expect(wrong).toBeLessThanOrEqual(mostWrong(runs, alpha, FALSE_ALARM));
    expect(wrong).toBeGreaterThanOrEqual(fewest(runs, exact));
  });

  it('ties, outputs rounded to halves: never more often', async () => {
    const [n, runs, alpha] = [100, 2000, 0.05];
    // f(x) = round(8x)/2: the median at x + δ for δ = ±r is that of the rounded normal around 0.5 ± r.
    const model = { classify: (inputs: Float32Array) => inputs.map((v) => Math.round(8 * v) / 2) };
    const all = await certificates(runs, { n, radius: 0.125, alpha, batchSize: 8192 }, model);
    const [low, high] = [Math.round(8 * 0.375) / 2, Math.round(8 * 0.625) / 2];
    expect(all.filter(({ bounds: [b] }) => (b?.lower ?? -Infinity) > low).length).toBeLessThanOrEqual(mostWrong(runs, 0.025, FALSE_ALARM)); // prettier-ignore
    expect(all.filter(({ bounds: [b] }) => (b?.upper ?? Infinity) < high).length).toBeLessThanOrEqual(mostWrong(runs, 0.025, FALSE_ALARM)); // prettier-ignore
  });

  it('looks at sizes fixed before: the best of all of them, never more often than alpha', async () => {
    const [n, runs, alpha] = [300, 1000, 0.1];
    const all = await certificates(runs, { n, radius: 0.125, alpha, looks: [60, 140, 300], batchSize: 8192 });
    const isWrong = ({ bounds: [b] }: BoundsCertificate): boolean =>
      (b?.lower ?? -Infinity) > 0.375 || (b?.upper ?? Infinity) < 0.625;
    const wrong = all.filter(isWrong).length;
    expect(wrong).toBeGreaterThan(0);
    expect(wrong).toBeLessThanOrEqual(mostWrong(runs, alpha, FALSE_ALARM));
    for (const { looks, bounds } of all.slice(0, 50)) {
      expect(bounds[0]?.lower).toBe(
        Math.max(...looks.map((look) => Number(look.statistics[0]?.lower[0] ?? -Infinity))),
      );
      expect(bounds[0]?.upper).toBe(Math.min(...looks.map((look) => Number(look.statistics[0]?.upper[0] ?? Infinity))));
    }
  });

  it('at any time, stopped where the interval first is narrow: never more often than alpha', async () => {
    const [n, runs, alpha] = [1000, 500, 0.1];
    const stop = { width: 0.4 };
    const all = await certificates(runs, { n, radius: 0.125, alpha, stop, checkEvery: 20, batchSize: 8192 });
    expect(new Set(all.map(({ nUsed }) => nUsed)).size).toBeGreaterThan(5);
    const wrong = all.filter(({ bounds: [b] }) => (b?.lower ?? 0) > 0.375 || (b?.upper ?? 1) < 0.625).length;
    expect(wrong).toBeLessThanOrEqual(mostWrong(runs, alpha, FALSE_ALARM));
    for (const { stop: ended, bounds, nUsed } of all) {
      const [b] = bounds;
      if (nUsed < n) expect([ended, (b?.upper ?? 9) - (b?.lower ?? 0) <= 0.4]).toEqual(['stop-at-width', true]);
    }
  });

  it('the radius of an interval is more than the true one no more often than alpha', async () => {
    const [n, runs, alpha] = [200, 1500, 0.1];
    const g = new SmoothedRegressor(identity, { noise, outputs: 1 });
    const examples = (async function* (): AsyncGenerator<StreamExample> {
      for (let index = 0; index < runs; index++) yield await Promise.resolve({ x, index });
    })();
    const low = 0.35;
    let [wrong, certified] = [0, 0];
    for await (const { certificate: c } of g.certifyStream(examples, {
      key,
      n,
      alpha,
      low,
      high: null,
      batchSize: 8192,
    })) {
      if (c.radius > 0.15) wrong++;
      if (c.radius > 0.1) certified++;
    }
    // One end alone takes all of alpha: the rate is that of one Clopper-Pearson bound.
    expect(wrong).toBeLessThanOrEqual(mostWrong(runs, alpha, FALSE_ALARM));
    const p = normalCdf(0.15 / sigma);
    let k = n;
    while (clopperPearsonLowerBound(k - 1, n, alpha).p > p) k--;
    expect(wrong).toBeGreaterThanOrEqual(fewest(runs, 1 - binomialCdf(k - 1, n, p)));
    expect(certified).toBeGreaterThan(runs / 2);
  });

  it.each([0.5, 0.25, 0.9])('percentile %d of many samples comes close to the exact worst case', async (percentile) => {
    const [n, radius] = [60_000, 0.2];
    const weights = [0.6, -0.3, 0.2];
    const length = Math.hypot(...weights);
    const model = {
      classify: (inputs: Float32Array) =>
        Float32Array.from({ length: inputs.length / 3 }, (_, i) =>
          weights.reduce((sum, w, k) => sum + w * (inputs[3 * i + k] ?? 0), 1),
        ),
    };
    const input = [0.2, 0.9, 0.4];
    const at = weights.reduce((sum, w, k) => sum + w * (input[k] ?? 0), 1);
    const g = new SmoothedRegressor(model, { noise, outputs: 1, percentile });
    const image = tf.tensor1d(input);
    const { bounds } = await g.certify(image, { key, n, radius, alpha: 0.001 });
    image.dispose();
    // The percentile of w·(x + δ + ε): w·x + σ‖w‖Φ⁻¹(P), and δ along w moves it by r‖w‖.
    const answer = at + sigma * length * normalQuantile({ p: percentile, q: 1 - percentile });
    const [lower, upper] = [bounds[0]?.lower ?? NaN, bounds[0]?.upper ?? NaN];
    expect(lower).toBeLessThanOrEqual(answer - radius * length);
    expect(upper).toBeGreaterThanOrEqual(answer + radius * length);
    expect(lower).toBeGreaterThan(answer - radius * length * 1.15);
    expect(upper).toBeLessThan(answer + radius * length * 1.15);
  });
});
