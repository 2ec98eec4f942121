import { describe, expect, it } from 'vitest';
import { binomialTest } from '../../src/stats/binomial.ts';
import { compare, exactly, exactTail } from './exact-binomial-tail.ts';

describe('binomialTest', () => {
  it('is 1 for a tie, for no counts and for one vote of difference', () => {
    for (const [a, b] of [
      [0, 0],
      [1, 0],
      [5, 5],
      [6, 5],
      [500_000_000, 499_999_999],
    ] as const)
      expect(binomialTest(a, b)).toBe(1);
  });

  it('does not depend on the order', () => {
    expect(binomialTest(30, 70)).toBe(binomialTest(70, 30));
  });

  it('is 2^(1-n) exactly for unanimous counts', () => {
    for (let n = 1; n <= 1075; n++) expect(binomialTest(n, 0)).toBe(2 ** (1 - n));
    expect(binomialTest(1076, 0)).toBe(0);
  });

  it('is exact up to 53 trials', () => {
    for (let n = 2; n <= 53; n++) {
      let coefficient = 1n; // C(n, most)
      let count = 1n;
      for (let most = n; most > n / 2 + 0.5; most--) {
        expect(binomialTest(most, n - most), `${most} of ${n}`).toBe(Number(count) * 2 ** (1 - n));
        coefficient = (coefficient * BigInt(most)) / BigInt(n - most + 1);
        count += coefficient;
      }
    }
  });

  it('is never below the exact value and above it by less than 1e-12', () => {
    for (const n of [54, 55, 70, 99, 100, 256, 1000]) {
      for (let most = Math.ceil(n / 2 + 1); most < n; most += Math.ceil(n / 100)) {
        const half = binomialTest(most, n - most) / 2;
        const exact = exactTail(most, n, { p: 0.5 });
        expect(compare(exactly(half), exact), `${most} of ${n}`).toBe(1);
        expect(compare(exactly(half * (1 - 1e-12)), exact), `${most} of ${n}`).toBe(-1);
      }
    }
  });
});
