import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { gaussianRadius, gaussianRadiusAgainst } from '../../src/noise/gaussian-radius.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../src/stats/clopper-pearson.ts';
import { normalQuantile } from '../../src/stats/normal.ts';
import type { RadiusRequest } from '../../src/noise/types.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../../src/types.ts';
import { normalCdf } from '../random/statistics.ts';

const l2 = { norm: 'l2', dimension: 9 } as const;
const pair = (p: number): { p: number; q: number } => ({ p, q: 1 - p });
const quantile = (p: number): number => normalQuantile(pair(p));
/** With positions instead of names, sigma 1 and the request above. */
const against = (
  bound: ProbabilityBound,
  others: readonly UpperProbabilityBound[],
  k: number,
  sigma = 1,
  request: RadiusRequest = l2,
): number => gaussianRadiusAgainst({ bound, others, k, sigma, ...request });
const radius = (p: number, others: readonly number[], k: number): number => against(pair(p), others.map(pair), k);

/** The radius as the formula says it, by bisection with a distribution function of its own. */
function slowRadius(p: number, others: readonly number[], k: number): number {
  const rivals = others
    .map((b) => Math.min(b, 1 - p))
    .sort((a, b) => b - a)
    .slice(0, k);
  const radii = rivals.map((_, i) => {
    const t = i + 1;
    const sum = Math.min(
      rivals.slice(k - t).reduce((a, b) => a + b),
      1 - p,
    );
    if (p <= sum / t) return 0;
    let [low, high] = [0, 20];
    for (let step = 0; step < 100; step++) {
      const r = (low + high) / 2;
      if (normalCdf(quantile(p) - r) > normalCdf(quantile(sum) + r) / t) low = r;
      else high = r;
    }
    return low;
  });
  return Math.max(...radii);
}

const probability = fc.double({ min: 0.001, max: 0.999, noNaN: true });
const rivals = fc.array(fc.double({ min: 0.001, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 6 });

describe('gaussianRadiusAgainst', () => {
  it('is never above the exact root and at most 1e-11 below it (fast-check, a slow twin)', () => {
    let positive = 0;
    fc.assert(
      fc.property(probability, rivals, fc.nat(5), (p, others, i) => {
        const k = 1 + (i % others.length);
        const exact = slowRadius(p, others, k);
        const fast = radius(p, others, k);
        if (exact > 1e-9) positive++;
        expect(fast).toBeLessThanOrEqual(exact + 1e-13); // the error of the twin
        expect(fast).toBeGreaterThan(exact - 1e-11);
      }),
      { seed: 1, numRuns: 2000 },
    );
    expect(positive).toBeGreaterThan(500);
  });

  it('holds for every classifier of a line that was drawn: within it the class keeps its rank (fast-check)', () => {
    const pieces = fc.array(fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.nat(3)), {
      minLength: 3,
      maxLength: 9,
    });
    let positive = 0;
    fc.assert(
      fc.property(pieces, fc.nat(3), fc.integer({ min: 1, max: 3 }), (drawn, label, k) => {
        const edges = drawn.map(([edge]) => edge).sort((a, b) => a - b);
        // Exact probabilities of the four classes when the noise is shifted.
        const at = (shift: number): number[] => {
          const classes = [0, 0, 0, 0];
          drawn.forEach(([, c], i) => {
            const upTo = i + 1 < edges.length ? normalCdf(edges[i + 1]! - shift) : 1;
            classes[c]! += upTo - (i === 0 ? 0 : normalCdf(edges[i]! - shift));
          });
          return classes;
        };
        const here = at(0);
        const others = here.filter((_, c) => c !== label).map((p) => Math.min(1, p + 1e-13));
        const r = against(pair(Math.max(0, here[label]! - 1e-13)), others.map(pair), k);
        if (r === 0) return;
        positive++;
        for (let i = -20; i <= 20; i++) {
          const there = at((Math.min(r, 6) * i) / 20);
          const ahead = there.filter((p, c) => c !== label && p >= there[label]! + 1e-12);
          expect(ahead.length).toBeLessThan(k);
        }
      }),
      { seed: 2, numRuns: 1000 },
    );
    expect(positive).toBeGreaterThan(300);
  });

  it('is tight for k rivals that divide one half-space evenly', () => {
    for (const k of [1, 2, 3, 5]) {
      for (const p of [0.15, 0.3, 0.5]) {
        const each = p / (k + 1);
        const r = radius(p, new Array<number>(k).fill(each), k);
        expect(normalCdf(quantile(p) - r)).toBeCloseTo(normalCdf(quantile(k * each) + r) / k, 10);
        expect(r).toBeGreaterThan(0);
      }
    }
  });

  it('is for k = 1 half the distance of two quantiles, and the one-sided radius against 1 - p', () => {
    for (const [p, b] of [
      [0.9, 0.05],
      [0.45, 0.2],
      [0.3, 0.2999],
    ] as const) {
      const exact = (quantile(p) - quantile(b)) / 2;
      expect(radius(p, [b], 1)).toBeLessThanOrEqual(exact);
      expect(radius(p, [b], 1)).toBeGreaterThan(exact - 1e-12);
    }
    for (const p of [0.51, 0.8, 0.999]) {
      expect(radius(p, [1 - p], 1)).toBeCloseTo(gaussianRadius(pair(p), 1, l2), 12);
      expect(radius(p, [0.999], 1)).toBeCloseTo(gaussianRadius(pair(p), 1, l2), 12); // capped at 1 - p
    }
  });

  it('takes the others in any order, and only the k largest', () => {
    const sorted = radius(0.5, [0.3, 0.1, 0.05, 0.04], 2);
    expect(radius(0.5, [0.05, 0.3, 0.04, 0.1], 2)).toBe(sorted);
    expect(radius(0.5, [0.3, 0.1], 2)).toBe(sorted);
    expect(radius(0.5, [0.3], 1)).toBe(radius(0.5, [0.1, 0.3, 0.2], 1));
  });

  it('grows with p and k and falls with the others', () => {
    const grid = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99];
    for (const k of [1, 2, 3]) {
      const radii = grid.map((p) => radius(p, [0.2, 0.1, 0.05], k));
      expect(radii).toEqual([...radii].sort((a, b) => a - b));
      if (k > 1)
        for (const p of grid)
          expect(radius(p, [0.2, 0.1, 0.05], k)).toBeGreaterThanOrEqual(radius(p, [0.2, 0.1, 0.05], k - 1));
      expect(radius(0.5, [0.25, 0.1, 0.05], k)).toBeLessThanOrEqual(radius(0.5, [0.2, 0.1, 0.05], k));
    }
  });

  it('has no cap: far tails, large sigma, certainty', () => {
    const deep = against(
      { p: 1, q: 1e-250 },
      [
        { p: 1e-250, q: 1 },
        { p: 0, q: 1 },
      ],
      1,
      100,
      l2,
    );
    expect(deep).toBeCloseTo(100 * normalQuantile({ p: 1, q: 1e-250 }), 8);
    const two = [pair(1e-200), pair(1e-200)];
    const farTail = against(pair(0.5), two, 2);
    expect(farTail).toBeGreaterThan(15); // Φ(−r) = Φ(−30.2 + r)/2
    expect(farTail).toBeLessThan(16);
    expect(against({ p: 1, q: 0 }, two, 1)).toBe(Infinity);
    expect(against({ p: 1, q: 0 }, two, 2)).toBe(Infinity);
    expect(against(pair(0.5), [pair(0), pair(0)], 2)).toBe(Infinity);
  });

  it('is 0 where the class may not be among the top k at x', () => {
    expect(radius(0.2, [0.2], 1)).toBe(0);
    expect(radius(0.2, [0.3], 1)).toBe(0);
    expect(radius(0.2, [0.3, 0.3], 2)).toBe(0);
    for (const others of [[0], [0.5], [1]]) expect(radius(0, others, 1)).toBe(0);
    expect(radius(0.2, [1], 1)).toBe(0);
    expect(radius(0, [1, 1, 1], 3)).toBe(0);
    expect(against({ p: 1e-300, q: 1 }, [pair(1), pair(1)], 2)).toBe(0);
  });

  it('is the same in l1 and smaller by the root of the dimension in linf', () => {
    const others = [pair(0.2), pair(0.1)];
    const at = (norm: 'l1' | 'l2' | 'linf'): number => against(pair(0.4), others, 2, 0.5, { norm, dimension: 784 });
    expect(at('l1')).toBe(at('l2'));
    expect(at('linf')).toBeCloseTo(at('l2') / 28, 15);
  });

  it('is what GaussianNoise answers, with the smaller of sigma and its float32 rounding', () => {
    const lower = clopperPearsonLowerBound(450, 1000, 0.0005);
    const others = [300, 100, 50].map((count) => clopperPearsonUpperBound(count, 1000, 0.0005));
    for (const sigma of [0.12, 0.3, 0.5]) {
      const noise = new GaussianNoise({ sigma });
      for (const k of [1, 2, 3]) {
        const certified = Math.min(sigma, Math.fround(sigma));
        expect(noise.radiusAgainst(lower, others, k, l2)).toBe(against(lower, others, k, certified));
      }
    }
  });
});
