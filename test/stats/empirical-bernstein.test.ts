import { describe, expect, it } from 'vitest';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { empiricalBernsteinLowerBound } from '../../src/stats/empirical-bernstein.ts';
import { normalQuantile } from '../../src/stats/normal.ts';
import { choose, logOf, times } from './exact-binomial-tail.ts';
import { exactLikelihood } from './exact-mixture.ts';
import { uniformStream } from './uniform-stream.ts';

/** 1 − the bound of scores given as whole multiples of 2^-bits: sums and variance in integers, one rounding each afterwards. */
function exactQ(scores: readonly bigint[], bits: number, alpha: number): number {
  const n = BigInt(scores.length);
  const sum = scores.reduce((total, score) => total + score, 0n);
  const squares = scores.reduce((total, score) => total + score * score, 0n);
  const ratio = (top: bigint, bottom: bigint): number => Number((top << 200n) / bottom) * 2 ** -200;
  const variance = ratio(n * squares - sum * sum, (n * (n - 1n)) << BigInt(2 * bits));
  const logTerm = Math.log(2) - Math.log(alpha);
  const deviation = Math.sqrt((2 * variance * logTerm) / Number(n)) + (7 * logTerm) / (3 * (Number(n) - 1));
  return ratio((n << BigInt(bits)) - sum, n << BigInt(bits)) + deviation;
}

/** The two sums as a loop over doubles makes them. */
function sums(scores: readonly number[]): { sum: number; sumOfSquares: number; n: number } {
  let [sum, sumOfSquares] = [0, 0];
  for (const score of scores) {
    sum += score;
    sumOfSquares += score * score;
  }
  return { sum, sumOfSquares, n: scores.length };
}

describe('empiricalBernsteinLowerBound', () => {
  it('equals the reference at zero variance, n = 1e5: 1 - 1.774e-4, quantile 3.572', () => {
    const bound = empiricalBernsteinLowerBound({ sum: 1e5, sumOfSquares: 1e5, n: 1e5, alpha: 0.001 });
    expect(bound.q).toBeCloseTo(1.774e-4, 7);
    expect(bound.q).toBeGreaterThan((7 * Math.log(2000)) / (3 * 99_999));
    expect(normalQuantile(bound)).toBeCloseTo(3.572, 3);
  });

  it('equals the formula', () => {
    // S/n = 0.9, V = (850 - 810)/999
    const exact = 0.9 - Math.sqrt((2 * (40 / 999) * Math.log(40)) / 1000) - (7 * Math.log(40)) / 2997;
    const { p, q } = empiricalBernsteinLowerBound({ sum: 900, sumOfSquares: 850, n: 1000, alpha: 0.05 });
    expect(p).toBeLessThan(exact);
    expect(p).toBeGreaterThan(exact - 1e-12);
    expect(p + q).toBeCloseTo(1, 15);
  });

  it('is never above the exact bound of the scores, and hardly below it', () => {
    const stream = uniformStream(51);
    for (let i = 0; i < 400; i++) {
      const n = Math.floor(stream.logUniform(2, 5000));
      const bits = stream.pick([10, 24, 26]);
      const [low, high] = stream.pick([
        [0, 1],
        [0.999, 1],
        [0.5, 0.5000001],
        [0.9999999, 1],
        [0.3, 0.7],
      ] as const);
      const scores = Array.from({ length: n }, () => BigInt(Math.round(stream.uniform(low, high) * 2 ** bits)));
      const alpha = stream.logUniform(1e-30, 0.5);
      const { p, q } = empiricalBernsteinLowerBound({
        ...sums(scores.map((score) => Number(score) * 2 ** -bits)),
        alpha,
      });
      const exact = exactQ(scores, bits, alpha);
      if (exact >= 1) {
        expect({ p, q }).toEqual({ p: 0, q: 1 });
        continue;
      }
      expect(q).toBeGreaterThanOrEqual(exact);
      expect(q).toBeLessThan(exact + 3e-8 * Math.sqrt(Math.log(2 / alpha) * (1 + 20 / n)) + 1e-11);
      expect(p).toBeLessThanOrEqual(1 - q + 2 ** -54);
    }
  });

  it('is not fooled where Q - S²/n cancels: the difference of the sums says variance 0, the scores have 2e-15', () => {
    const n = 10_000;
    const scores = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 0.7 : 0.7 + 1e-7));
    const { sum, sumOfSquares } = sums(scores);
    const variance = 0.25e-14;
    const plain = (sumOfSquares - (sum * sum) / n) / (n - 1);
    expect(Math.abs(plain - variance)).toBeGreaterThan(variance / 100); // the digits are gone
    const logTerm = Math.log(2000);
    const exact = 0.70000005 - Math.sqrt((2 * variance * logTerm) / n) - (7 * logTerm) / (3 * (n - 1));
    expect(empiricalBernsteinLowerBound({ sum, sumOfSquares, n, alpha: 0.001 }).p).toBeLessThan(exact);
    // a sum of squares below S²/n by rounding, as a loop can make it
    const below = (sum / n) * sum * (1 - 1e-13);
    expect(empiricalBernsteinLowerBound({ sum, sumOfSquares: below, n, alpha: 0.001 }).p).toBeLessThan(0.7);
  });

  it('knows nothing from fewer than 2 scores, and from few', () => {
    expect(empiricalBernsteinLowerBound({ sum: 0, sumOfSquares: 0, n: 0, alpha: 0.1 })).toEqual({ p: 0, q: 1 });
    expect(empiricalBernsteinLowerBound({ sum: 1, sumOfSquares: 1, n: 1, alpha: 0.1 })).toEqual({ p: 0, q: 1 });
    expect(empiricalBernsteinLowerBound({ sum: 5, sumOfSquares: 5, n: 5, alpha: 0.001 })).toEqual({ p: 0, q: 1 });
  });

  it('fails with probability at most alpha for scores 0 and 1, where that is a binomial sum', () => {
    const alpha = 0.05;
    for (const n of [30, 100, 300]) {
      for (const p of [0.1, 0.5, 0.9, 0.99]) {
        let failure = 0;
        for (let k = 0; k <= n; k++) {
          if (empiricalBernsteinLowerBound({ sum: k, sumOfSquares: k, n, alpha }).p <= p) continue;
          failure += Math.exp(logOf(times(choose(n, k), exactLikelihood(k, n, { p }))));
        }
        expect(failure).toBeLessThan(alpha);
      }
    }
  });

  it('is below Clopper-Pearson for hard votes', () => {
    for (const [k, n] of [
      [100, 100],
      [9900, 10_000],
      [60_000, 100_000],
    ] as const) {
      const { p } = empiricalBernsteinLowerBound({ sum: k, sumOfSquares: k, n, alpha: 0.001 });
      expect(p).toBeLessThan(clopperPearsonLowerBound(k, n, 0.001).p);
    }
  });

  it('takes every alpha', () => {
    const q = (alpha: number): number => empiricalBernsteinLowerBound({ sum: 1e6, sumOfSquares: 1e6, n: 1e6, alpha }).q;
    expect(q(Number.MIN_VALUE)).toBeCloseTo((7 * (Math.LN2 + 744.44)) / 3e6, 5);
    expect(q(1 - 2 ** -53)).toBeCloseTo((7 * Math.LN2) / 3e6, 6);
    expect(q(1 - 2 ** -53)).toBeGreaterThan((7 * Math.LN2) / 3e6);
  });
});
