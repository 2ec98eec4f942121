import { describe, expect, it } from 'vitest';
import { ALPHAS, faults } from './clopper-pearson-checks.ts';
import { choose } from './exact-binomial-tail.ts';

/** (n, how many values of k, spread over 1..n, the last ones included). */
const SPREAD: readonly (readonly [number, number])[] = [
  [60, 30],
  [100, 50],
  [500, 25],
  [1000, 20],
  [2000, 16],
];

describe('clopperPearsonLowerBound against exact binomial tails', () => {
  it('is never above the exact bound and at most 1e-9 below it: all k for n <= 40', () => {
    const found: string[] = [];
    for (let n = 1; n <= 40; n++) {
      for (let k = 1; k <= n; k++) {
        const coefficient = choose(n, k);
        for (const alpha of ALPHAS) found.push(...faults(k, n, alpha, coefficient));
      }
    }
    expect(found).toEqual([]); // 8 200 points
  });

  it('the same for n up to 2000', () => {
    const found: string[] = [];
    for (const [n, count] of SPREAD) {
      for (let i = 1; i <= count; i++) {
        const k = Math.round((n * i) / count);
        const coefficient = choose(n, k);
        for (const alpha of ALPHAS) found.push(...faults(k, n, alpha, coefficient));
      }
    }
    expect(found).toEqual([]); // 1 410 points
  });

  it('the same for n up to 1e12 with few failures or few successes', () => {
    const found: string[] = [];
    for (const n of [1e4, 1e5, 1e6, 1e9, 1e12]) {
      for (const k of [1, 2, 7, n - 60, n - 10, n - 3, n - 1, n]) {
        const coefficient = choose(n, k);
        for (const alpha of ALPHAS) found.push(...faults(k, n, alpha, coefficient));
      }
    }
    expect(found).toEqual([]); // 400 points
  });
});
