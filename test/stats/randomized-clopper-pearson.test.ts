import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clopperPearsonLowerBound, randomizedClopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { ALPHAS, faultsOf } from './clopper-pearson-checks.ts';
import { choose, compare, compareToDecimal, exactly, exactTail, type Given, logOf } from './exact-binomial-tail.ts';
import { readFixture } from './read-fixture.ts';

interface Row {
  k: number;
  n: number;
  alpha: number;
  w: number;
  p_lower: string;
  q: string;
}
const { rows } = readFixture<{ randomized_clopper_pearson_lower: { rows: Row[] } }>(
  'stat_reference.json',
).randomized_clopper_pearson_lower;

describe('randomizedClopperPearsonLowerBound, reference values', () => {
  it.each(rows.filter(({ w, alpha }) => w > 2 * alpha))('k = $k, n = $n, W = $w', ({ k, n, alpha, w, p_lower, q }) => {
    const bound = randomizedClopperPearsonLowerBound(k, n, alpha, w);
    expect(compareToDecimal(bound.p, p_lower)).toBeLessThanOrEqual(0);
    expect(compareToDecimal(bound.q, q)).toBeGreaterThanOrEqual(0);
    expect(bound.q).toBeLessThanOrEqual(Number(q) * (1 + 1e-11));
  });

  it('the rows with W <= alpha, where the bound without the cap is 1: capped at (1/2)^(1/n)', () => {
    const uncapped = rows.filter(({ w, alpha, k, n }) => w <= alpha && k === n);
    expect(uncapped.map(({ p_lower }) => Number(p_lower))).toEqual([1, 1]);
    for (const { k, n, alpha, w } of uncapped) {
      const { p, q } = randomizedClopperPearsonLowerBound(k, n, alpha, w);
      const exact = -Math.expm1(-Math.LN2 / n);
      expect(p).toBeLessThan(1 - exact);
      expect(q / exact - 1).toBeGreaterThan(0);
      expect(q / exact - 1).toBeLessThan(1e-11);
      expect(randomizedClopperPearsonLowerBound(k, n, alpha, 2 * alpha)).toEqual({ p, q });
    }
  });

  it('W = 0 is approached from below as far as the cap allows', () => {
    const row = rows.find(({ w }) => w === 0)!;
    const bound = randomizedClopperPearsonLowerBound(row.k, row.n, row.alpha, Number.MIN_VALUE);
    expect(compareToDecimal(bound.p, row.p_lower)).toBe(-1);
    expect(bound.p).toBeCloseTo(Number(row.p_lower), 4);
  });
});

describe('randomizedClopperPearsonLowerBound against exact tails', () => {
  it('is never above the exact bound and at most 1e-9 below it: all k for n <= 30, then n up to 1e9', () => {
    const found: string[] = [];
    const points: (readonly [number, number])[] = [];
    for (let n = 1; n <= 30; n++) for (let k = 1; k <= n; k++) points.push([k, n]);
    for (const n of [100, 1000, 1e5, 1e9]) for (const off of [0, 1, 2, 10, 60]) points.push([n - off, n], [1 + off, n]);
    let count = 0;
    for (const [k, n] of points) {
      const coefficient = choose(n, k);
      for (const alpha of ALPHAS) {
        for (const draw of [1e-300, 1e-9, 0.003, 0.3, 0.9]) {
          const weight = Math.min(1, Math.max(draw, 2 * alpha));
          const side = (given: Given): number => compare(exactTail(k, n, given, coefficient, weight), exactly(alpha));
          const bound = randomizedClopperPearsonLowerBound(k, n, alpha, draw);
          found.push(...faultsOf(bound, side).map((fault) => `(${k}, ${n}, ${alpha}, ${draw}) ${fault}`));
          count++;
        }
      }
    }
    expect(found).toEqual([]);
    expect(count).toBe(25_250);
  });
});

const counts = fc
  .integer({ min: 1, max: 100_000 })
  .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
const alpha = fc.double({ min: 1e-30, max: 0.4, noNaN: true });
const draw = fc.double({ min: 1e-12, max: 1, noNaN: true });

describe('randomizedClopperPearsonLowerBound, laws', () => {
  it('is Clopper-Pearson for W = 1', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 1e-300, max: 0.999, noNaN: true }), ([k, n], a) => {
        expect(randomizedClopperPearsonLowerBound(k, n, a, 1)).toEqual(clopperPearsonLowerBound(k, n, a));
      }),
    );
  });

  it('lies between Clopper-Pearson for k and for k + 1 successes', () => {
    fc.assert(
      fc.property(counts, alpha, draw, ([k, n], a, w) => {
        const { p } = randomizedClopperPearsonLowerBound(k, n, a, w);
        expect(p).toBeGreaterThanOrEqual(clopperPearsonLowerBound(k, n, a).p * (1 - 1e-11));
        if (k < n) expect(p).toBeLessThanOrEqual(clopperPearsonLowerBound(k + 1, n, a).p * (1 + 1e-11));
      }),
    );
  });

  it('never grows with W beyond rounding, and grows with k', () => {
    fc.assert(
      fc.property(counts, alpha, draw, draw, ([k, n], a, v, w) => {
        const low = randomizedClopperPearsonLowerBound(k, n, a, Math.max(v, w));
        const high = randomizedClopperPearsonLowerBound(k, n, a, Math.min(v, w));
        expect(low.q).toBeGreaterThanOrEqual(high.q * (1 - 1e-11));
        if (k < n)
          expect(randomizedClopperPearsonLowerBound(k + 1, n, a, w).p).toBeGreaterThan(
            randomizedClopperPearsonLowerBound(k, n, a, w).p,
          );
      }),
    );
  });

  it('never reaches (1/2)^(1/n), whatever W', () => {
    fc.assert(
      fc.property(counts, alpha, fc.double({ min: Number.MIN_VALUE, max: 1, noNaN: true }), ([, n], a, w) => {
        const { q } = randomizedClopperPearsonLowerBound(n, n, a, w);
        expect(q).toBeGreaterThanOrEqual(-Math.expm1(-Math.LN2 / n));
      }),
    );
  });
});

describe('exact coverage, averaged over W, at n = 100 and alpha = 0.001', () => {
  const n = 100;
  const level = 0.001;

  /** P(X > k) and P(X = k) at p, the complement of q or itself exact. */
  function masses(k: number, given: Given): { above: number; at: number } {
    const above = k < n ? Math.exp(logOf(exactTail(k + 1, n, given))) : 0;
    const from = k > 0 ? Math.exp(logOf(exactTail(k, n, given))) : 1;
    return { above, at: from - above };
  }

  /** The share of all W in (0, 1] for which the bound exceeds p: up to a threshold, as the bound falls in W. */
  function shareAbove(k: number, p: number): number {
    let [low, high] = [0, 1];
    if (randomizedClopperPearsonLowerBound(k, n, level, 1).p > p) return 1;
    for (let i = 0; i < 50; i++) {
      const middle = (low + high) / 2;
      if (randomizedClopperPearsonLowerBound(k, n, level, middle).p > p) low = middle;
      else high = middle;
    }
    return low;
  }

  it.each([
    // p, failure probability without the cap, with it, and of Clopper-Pearson
    [0.3, 0.001, 0.001, 5.4e-4],
    [0.9, 0.001, 0.001, 3.2e-4],
    [0.99, 0.001, 0.001, 0],
    [0.99999, 0.001, 0, 0],
  ])(
    'p = %d: fails with probability %d without the cap, %d with it; Clopper-Pearson %d',
    (p, without, capped, plain) => {
      const failure = { without: 0, capped: 0, plain: 0 };
      for (let k = 0; k <= n; k++) {
        const { above, at } = masses(k, { p });
        if (at < 1e-12 || above > 0.5) continue;
        failure.without += at * Math.min(1, Math.max(0, (level - above) / at));
        failure.capped += at * shareAbove(k, p);
        if (clopperPearsonLowerBound(k, n, level).p > p) failure.plain += at;
      }
      expect(failure.without).toBeCloseTo(without, 9);
      expect(failure.capped).toBeCloseTo(capped, 9);
      expect(failure.capped).toBeLessThanOrEqual(level * (1 + 1e-9));
      expect(failure.plain).toBeCloseTo(plain, 5);
    },
  );

  it('at most alpha for every p of a fine grid', () => {
    let largest = 0;
    for (let i = 1; i < 100; i++) {
      const p = i / 100;
      let failure = 0;
      for (let k = 1; k <= n; k++) {
        const { above, at } = masses(k, { p });
        if (above > level) continue; // even W = 0 gives a bound below p
        if (at < 1e-12) break;
        failure += at * shareAbove(k, p);
      }
      largest = Math.max(largest, failure);
    }
    expect(largest).toBeLessThanOrEqual(level * (1 + 1e-9));
    expect(largest).toBeGreaterThan(level * (1 - 1e-6));
  });
});
