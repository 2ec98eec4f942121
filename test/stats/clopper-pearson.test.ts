import { describe, expect, it } from 'vitest';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../src/stats/clopper-pearson.ts';

describe('clopperPearsonLowerBound', () => {
  it('knows nothing without a success or without a trial', () => {
    expect(clopperPearsonLowerBound(0, 100, 0.001)).toEqual({ p: 0, q: 1 });
    expect(clopperPearsonLowerBound(0, 0, 0.001)).toEqual({ p: 0, q: 1 });
    expect(clopperPearsonUpperBound(0, 0, 0.001)).toEqual({ p: 1, q: 0 });
    expect(clopperPearsonUpperBound(100, 100, 0.001)).toEqual({ p: 1, q: 0 });
  });

  it.each([1, 2, 10, 100, 1e5, 1e9, 1e12])('meets the closed form q = 1 - alpha^(1/n) for k = n = %d', (n) => {
    for (const alpha of [1e-300, 1e-12, 0.001, 0.3, 0.5, 0.9]) {
      const exact = -Math.expm1(Math.log(alpha) / n);
      const { q } = clopperPearsonLowerBound(n, n, alpha);
      expect(q / exact - 1).toBeGreaterThanOrEqual(-1e-15);
      expect(q / exact - 1).toBeLessThan(2e-11);
    }
  });

  it.each([1, 10, 1e5, 1e9])('meets the closed form p = 1 - (1 - alpha)^(1/n) for k = 1, n = %d', (n) => {
    for (const alpha of [1e-280, 0.001, 0.5, 0.9]) {
      const exact = -Math.expm1(Math.log1p(-alpha) / n);
      const { p } = clopperPearsonLowerBound(1, n, alpha);
      expect(p / exact - 1).toBeLessThanOrEqual(1e-15);
      expect(p / exact - 1).toBeGreaterThan(-5e-11);
    }
  });

  it('accepts every alpha of (0, 1) and reports bounds below 1e-307 as 0', () => {
    expect(clopperPearsonLowerBound(1, 1_000_000_000, 1e-300)).toEqual({ p: 0, q: 1 });
    expect(clopperPearsonLowerBound(1, 1, Number.MIN_VALUE)).toEqual({ p: 0, q: 1 });
    expect(clopperPearsonLowerBound(1000, 1000, Number.MIN_VALUE).p).toBeCloseTo(2 ** -1.074, 9);
    expect(clopperPearsonLowerBound(5, 10, 1 - 2 ** -53).p).toBeGreaterThan(0.9);
  });
});
