import { describe, expect, it } from 'vitest';
import { ALPHAS, faults } from './clopper-pearson-checks.ts';
import { choose } from './exact-binomial-tail.ts';

describe('clopperPearsonLowerBound against exact binomial tails, the large grid', () => {
  it('all k for n from 41 to 160', () => {
    const found: string[] = [];
    for (let n = 41; n <= 160; n++) {
      for (let k = 1; k <= n; k++) {
        const coefficient = choose(n, k);
        for (const alpha of ALPHAS) found.push(...faults(k, n, alpha, coefficient));
      }
    }
    expect(found).toEqual([]); // 120 600 points
  });

  it('n = 2000, 10 000 and 100 000 with k over the whole range', () => {
    const found: string[] = [];
    for (const [n, count] of [
      [2000, 250],
      [10_000, 100],
      [100_000, 40],
    ] as const) {
      for (let i = 1; i <= count; i++) {
        const k = Math.round((n * i) / count);
        const coefficient = choose(n, k);
        for (const alpha of ALPHAS) found.push(...faults(k, n, alpha, coefficient));
      }
    }
    expect(found).toEqual([]); // 3 900 points
  });
});
