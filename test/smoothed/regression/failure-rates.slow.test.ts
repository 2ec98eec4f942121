import { describe, expect, it } from 'vitest';
import { anytimeOrderStatistic, lowerOrderStatistic, normalCdf, shiftDown } from 'catrs/stats';
import { binomialCdf } from './scripted-outputs.ts';

/** P(#{X ≤ ξ} < i_n for some n ≤ N) where X ≤ ξ has probability p: by the law of the walk that has not failed yet. */
function everWrong(p: number, most: number, index: (n: number) => number): number {
  let law = Float64Array.of(1);
  let wrong = 0;
  for (let n = 1; n <= most; n++) {
    const next = new Float64Array(n + 1);
    for (let hits = 0; hits < n; hits++) {
      const mass = law[hits] ?? 0;
      next[hits] = (next[hits] ?? 0) + mass * (1 - p);
      next[hits + 1] = (next[hits + 1] ?? 0) + mass * p;
    }
    const needed = index(n);
    for (let hits = 0; hits < needed && hits <= n; hits++) {
      wrong += next[hits] ?? 0;
      next[hits] = 0;
    }
    law = next;
  }
  return wrong;
}

describe('how often a one-sided bound is wrong in the worst case, exactly', () => {
  // Half-space functions are the worst case: the quantile at x + δ is that of level p̲ at x.
  it.each([
    [0.5, 0.0154],
    [1, 0.0115],
    [2, 0.0039],
  ])('at any time up to n = 4000, ρ %d, allowed 0.05: %d', (rho, known) => {
    const level = shiftDown({ p: 0.5, q: 0.5 }, rho);
    const rate = everWrong(level.p, 4000, (n) => anytimeOrderStatistic(n, level, 0.05));
    expect(rate).toBeLessThanOrEqual(0.05);
    expect(rate).toBeCloseTo(known, 3);
  });

  it('would be wrong more often than allowed if indices of a fixed n were used at every n', () => {
    const level = shiftDown({ p: 0.5, q: 0.5 }, 1);
    expect(everWrong(level.p, 1000, (n) => lowerOrderStatistic(n, level, 0.05))).toBeGreaterThan(0.1);
  });

  it.each([
    [100, 0.5, 0.025, 0.01884],
    [200, 1, 0.025, 0.01981],
    [1000, 0.5, 0.005, 0.00425],
  ])('at n %d, ρ %d, allowed %d: %d', (n, rho, allowed, known) => {
    const index = lowerOrderStatistic(n, shiftDown({ p: 0.5, q: 0.5 }, rho), allowed);
    const rate = binomialCdf(index - 1, n, normalCdf(-rho));
    expect(rate).toBeCloseTo(known, 5);
    expect(rate).toBeLessThanOrEqual(allowed);
    expect(binomialCdf(index, n, normalCdf(-rho))).toBeGreaterThan(allowed);
  });
});
