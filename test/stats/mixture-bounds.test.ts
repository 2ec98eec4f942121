import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BetaPrior } from '../../src/stats/beta-mixture.ts';
import { bettingLowerBound, mixtureLowerBound, mixtureUpperBound } from '../../src/stats/mixture-bounds.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { normalQuantile } from '../../src/stats/normal.ts';
import { compareToDecimal } from './exact-binomial-tail.ts';
import { JEFFREYS, PRIORS } from './priors.ts';
import { readFixture } from './read-fixture.ts';

interface BettingRow {
  h: number;
  n: number;
  alpha: number;
  lower: string;
  q: string;
}
const { rows } = readFixture<{ kt_betting_confidence_sequence_lower: { rows: BettingRow[] } }>(
  'stat_reference.json',
).kt_betting_confidence_sequence_lower;
const { mixture_lower: extra } = readFixture<{
  mixture_lower: [[number, number, number][], number, number, number, string, string][];
}>('stats_beta.json');

describe('reference values', () => {
  it.each(rows)('bettingLowerBound, $h of $n', ({ h, n, alpha, lower, q }) => {
    const bound = bettingLowerBound(h, n, alpha);
    expect(compareToDecimal(bound.p, lower)).toBeLessThanOrEqual(0);
    expect(compareToDecimal(bound.q, q)).toBeGreaterThanOrEqual(0);
    expect(bound.q).toBeLessThanOrEqual(Number(q) * (1 + 1e-11));
    expect(mixtureLowerBound(JEFFREYS, h, n, alpha)).toEqual(bound);
  });

  it('mixtureLowerBound and its mirror image: five priors, n up to 1e12, alpha from 1e-300 to 0.9', () => {
    for (const [prior, h, n, alpha, p, q] of extra) {
      const priors = prior.map(([weight, a, b]): BetaPrior => ({ weight, a, b }));
      const at = `${JSON.stringify(prior)}, ${h}, ${n}, ${alpha}`;
      const bound = mixtureLowerBound(priors, h, n, alpha);
      expect(compareToDecimal(bound.p, p), at).toBeLessThanOrEqual(0);
      expect(compareToDecimal(bound.q, q), at).toBeGreaterThanOrEqual(0);
      expect(bound.q, at).toBeLessThanOrEqual(Number(q) * (1 + 1e-9));
      if (Number(p) > 1e-306) expect(bound.p, at).toBeGreaterThanOrEqual(Number(p) * (1 - 1e-9));
      const mirrored = priors.map(({ weight, a, b }) => ({ weight, a: b, b: a }));
      expect(mixtureUpperBound(mirrored, n - h, n, alpha)).toEqual({ p: bound.q, q: bound.p });
    }
  });

  it.each([
    [1000, 2.295, 2.427],
    [10_000, 3.034, 3.16],
    [100_000, 3.648, 3.772],
  ])(
    'the price of looking at any time, all of %d votes agree: quantile %d, with Beta(1, 0.1) %d',
    (n, betting, near) => {
      expect(normalQuantile(bettingLowerBound(n, n, 0.001))).toBeCloseTo(betting, 3);
      const bound = mixtureLowerBound([{ weight: 1, a: 1, b: 0.1 }], n, n, 0.001);
      expect(normalQuantile(bound)).toBeCloseTo(near, 3);
    },
  );
});

describe('closed forms', () => {
  it('p^n = alpha times the product of (i - 1/2)/i where all votes agree', () => {
    let product = 1;
    for (let n = 1; n <= 200; n++) {
      product *= (n - 0.5) / n;
      const exact = (0.001 * product) ** (1 / n);
      const { p } = bettingLowerBound(n, n, 0.001);
      expect(p / exact).toBeLessThanOrEqual(1 + 1e-14);
      expect(p / exact).toBeGreaterThan(1 - 2e-12);
    }
  });

  it('the uniform prior: p (1-p) = alpha · B(2, 2) at one success of two', () => {
    const uniform = [{ weight: 1, a: 1, b: 1 }];
    const exact = 0.5 - Math.sqrt(0.25 - 0.03 / 6);
    const { p, q } = mixtureLowerBound(uniform, 1, 2, 0.03);
    expect(p).toBeLessThan(exact);
    expect(p).toBeCloseTo(exact, 12);
    expect(p + q).toBeCloseTo(1, 15);
    expect(mixtureUpperBound(uniform, 1, 2, 0.03)).toEqual({ p: q, q: p });
  });

  it('nothing is known without trials, nothing from below without successes, nothing from above without failures', () => {
    expect(mixtureLowerBound(JEFFREYS, 0, 0, 0.001)).toEqual({ p: 0, q: 1 });
    expect(mixtureUpperBound(JEFFREYS, 0, 0, 0.001)).toEqual({ p: 1, q: 0 });
    expect(bettingLowerBound(0, 100, 0.001)).toEqual({ p: 0, q: 1 });
    expect(mixtureUpperBound(JEFFREYS, 100, 100, 0.001)).toEqual({ p: 1, q: 0 });
    expect(mixtureLowerBound(JEFFREYS, 1, 2, 1e-320)).toEqual({ p: 0, q: 1 }); // below 1e-307
    expect(mixtureLowerBound(JEFFREYS, 1, 1, 1e-320)).toEqual({ p: 0, q: 1 });
  });
});

const counts = fc
  .integer({ min: 1, max: 1_000_000 })
  .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
const alpha = fc.double({ min: 1e-300, max: 0.999, noNaN: true });
const priors = fc.constantFrom(...PRIORS);

describe('laws', () => {
  it('lower end below the frequency, upper end above it, each a pair of probabilities', () => {
    fc.assert(
      fc.property(counts, alpha, priors, ([h, n], a, prior) => {
        const lower = mixtureLowerBound(prior, h, n, a);
        const upper = mixtureUpperBound(prior, h, n, a);
        expect(lower.p <= h / n && upper.p >= h / n).toBe(true);
        for (const { p, q } of [lower, upper]) {
          expect(p >= 0 && q >= 0 && Math.abs(p + q - 1) < 1e-15).toBe(true);
        }
      }),
    );
  });

  it('looser than the bound for one n alone', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 1e-30, max: 0.4, noNaN: true }), priors, ([h, n], a, prior) => {
        expect(mixtureLowerBound(prior, h, n, a).p).toBeLessThanOrEqual(clopperPearsonLowerBound(h, n, a).p);
      }),
    );
  });

  it('grows with alpha, and for Jeffreys with the successes', () => {
    fc.assert(
      fc.property(counts, alpha, priors, ([h, n], a, prior) => {
        fc.pre(h < n);
        expect(mixtureLowerBound(prior, h, n, a / 2).p).toBeLessThanOrEqual(mixtureLowerBound(prior, h, n, a).p);
        expect(bettingLowerBound(h, n, a).p).toBeLessThanOrEqual(bettingLowerBound(h + 1, n, a).p);
      }),
    );
  });
});
