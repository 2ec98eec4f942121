import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalCdf, normalQuantile, normalQuantileLower, normalSurvival } from '../../src/stats/normal.ts';

describe('the standard normal distribution', () => {
  it('is right at its ends and in the middle', () => {
    expect([normalCdf(-Infinity), normalCdf(0), normalCdf(Infinity)]).toEqual([0, 0.5, 1]);
    expect([normalSurvival(-Infinity), normalSurvival(0), normalSurvival(Infinity)]).toEqual([1, 0.5, 0]);
    expect(normalSurvival(40)).toBe(0);
    expect(normalQuantile({ p: 0.5, q: 0.5 })).toBe(0);
    expect(normalQuantile({ p: 0, q: 1 })).toBe(-Infinity);
    expect(normalQuantile({ p: 1, q: 0 })).toBe(Infinity);
    expect(normalQuantileLower({ p: 0.5, q: 0.5 })).toBe(0);
    expect(normalQuantileLower({ p: 0, q: 1 })).toBe(-Infinity);
    expect(normalQuantileLower({ p: 1, q: 0 })).toBe(Infinity);
  });

  it('has the density as its slope', () => {
    for (let z = -6; z <= 6; z += 0.37) {
      const h = 1e-4;
      const slope = (normalCdf(z + h) - normalCdf(z - h)) / (2 * h);
      expect(slope).toBeCloseTo(Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI), 8);
    }
  });

  it('is undone by the quantile, in both tails', () => {
    fc.assert(
      fc.property(fc.double({ min: -37, max: 37, noNaN: true }), (z) => {
        fc.pre(Math.abs(z) > 1e-3);
        const back = normalQuantile({ p: normalCdf(z), q: normalSurvival(z) });
        expect(Math.abs(back - z)).toBeLessThanOrEqual(1e-12 * Math.max(1e-1, Math.abs(z)));
      }),
    );
  });

  it('has a rising quantile, and a lower one below it by at most 1e-12', () => {
    const tail = fc.double({ min: 1e-300, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(tail, tail, (a, b) => {
        const [z, y] = [normalQuantile({ p: 1 - a, q: a }), normalQuantile({ p: 1 - b, q: b })];
        if (a < b * (1 - 1e-12)) expect(z).toBeGreaterThan(y);
        const lower = normalQuantileLower({ p: 1 - a, q: a });
        expect(lower).toBeLessThanOrEqual(z);
        expect(lower).toBeGreaterThanOrEqual(z * (1 - 1e-12));
      }),
    );
  });

  it('joins its pieces without a jump', () => {
    for (const z of [1, -1]) expect(normalSurvival(z) / normalSurvival(z + 1e-15) - 1).toBeLessThan(1e-14);
    for (const q of [0.18, 0.25]) {
      const [below, above] = [normalQuantile({ p: 1 - q, q }), normalQuantile({ p: 1 - q, q: q + 1e-16 })];
      expect(Math.abs(below - above)).toBeLessThan(3e-15);
    }
  });
});
