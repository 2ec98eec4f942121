import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BetaPrior, logMixtureEvidence } from '../../src/stats/beta-mixture.ts';
import { logBeta, logIncompleteBeta } from '../../src/stats/incomplete-beta.ts';
import { JEFFREYS, PRIORS, SELECTION } from './priors.ts';
import { readFixture } from './read-fixture.ts';

interface TruncatedRow {
  h: number;
  n: number;
  p0: number;
  log_e_truncated_jeffreys: string;
  log_e_untruncated: string;
  certified_at_alpha_0_001: boolean;
}
const { rows } = readFixture<{ truncated_beta_mixture_eprocess: { rows: TruncatedRow[] } }>(
  'stat_reference.json',
).truncated_beta_mixture_eprocess;
const { evidence: extra } = readFixture<{
  evidence: [[number, number, number][], number, number, number, number, 'above' | 'below', string][];
}>('stats_beta.json');

const LOG_1000 = Math.log(1000);

describe('logMixtureEvidence, reference values', () => {
  it.each(rows)('Jeffreys, $h of $n at $p0', (row) => {
    const { h, n, p0, log_e_truncated_jeffreys: exact, certified_at_alpha_0_001: certified } = row;
    const evidence = logMixtureEvidence(JEFFREYS, h, n, { p: p0, q: 1 - p0 }, 'above');
    expect(evidence >= LOG_1000).toBe(certified);
    if (h / n < p0) return expect(evidence).toBe(-Infinity);
    expect(evidence).toBeLessThan(Number(exact));
    expect(evidence).toBeGreaterThan(Number(exact) - 1e-11);
  });

  it('the extra rows: five priors, both sides, n up to 1e9', () => {
    for (const [prior, h, n, p, q, side, value] of extra) {
      const exact = Number(value);
      const priors = prior.map(([weight, a, b]): BetaPrior => ({ weight, a, b }));
      const evidence = logMixtureEvidence(priors, h, n, { p, q }, side);
      const at = `${JSON.stringify(prior)}, ${h}, ${n}, ${p}, ${side}`;
      expect(evidence, at).toBeLessThan(exact);
      // 1e-8 for the prior that lies far off; sqrt(n) as the excess h - n·p0 is known to 1e-16 of n·p0
      expect(evidence, at).toBeGreaterThan(exact - 1e-8 - 1e-12 * Math.abs(exact) - 1e-14 * Math.sqrt(n));
    }
  });
});

describe('the underflow of the incomplete beta function', () => {
  /** The closed form as one would write it down, with a mass below the least double lifted to 1e-300 so that its logarithm exists. */
  function clipped(h: number, n: number, p0: number): number {
    const clip = (log: number): number => Math.log(Math.max(Math.exp(log), 1e-300));
    const pair = { p: 1 - p0, q: p0 };
    const untruncated =
      logBeta(h + 0.5, n - h + 0.5) - logBeta(0.5, 0.5) - h * Math.log(p0) - (n - h) * Math.log(1 - p0);
    const after = clip(logIncompleteBeta(pair, n - h + 0.5, h + 0.5).log);
    return untruncated + after - clip(logIncompleteBeta(pair, 0.5, 0.5).log);
  }

  it('fabricates evidence in the clipped closed form: 300 of 1000 votes would show p > 0.84', () => {
    expect(clipped(990, 1000, 0.97725)).toBeCloseTo(
      logMixtureEvidence(JEFFREYS, 990, 1000, { p: 0.97725, q: 0.02275 }, 'above'),
      9,
    );
    expect(clipped(300, 1000, 0.8413447460685429)).toBeGreaterThan(LOG_1000); // 36.6, and the truth is -7.1
  });

  it('does not happen here: no evidence on the wrong side, however far', () => {
    for (const n of [10, 1000, 1e5, 1e9]) {
      for (const share of [0, 0.1, 0.3, 0.5, 0.8]) {
        const h = Math.floor(share * n);
        expect(logMixtureEvidence(JEFFREYS, h, n, { p: 0.8413447460685429, q: 0.1586552539314571 }, 'above')).toBe(
          -Infinity,
        );
        const mirrored = { p: 0.1586552539314571, q: 0.8413447460685429 };
        expect(logMixtureEvidence(JEFFREYS, n - h, n, mirrored, 'below')).toBe(-Infinity);
      }
    }
  });

  it('does not happen in the logarithms either: they give the true value there', () => {
    const { p, q } = { p: 1 - 0.8413447460685429, q: 0.8413447460685429 };
    const untruncated = Number(rows.find(({ h }) => h === 300)!.log_e_untruncated);
    const after = logIncompleteBeta({ p, q }, 700.5, 300.5).log;
    expect(after).toBeLessThan(-700); // a mass below the least double
    expect(untruncated + after - logIncompleteBeta({ p, q }, 0.5, 0.5).log).toBeCloseTo(-7.10279610998434, 10);
  });

  it('does not happen where prior and votes contradict each other: a mass of e^-4605 against one of e^-4600', () => {
    // Beta(1, 1000) above 0.99 has mass 0.01^1000; one vote: (1/0.99) times the mean of x given x > 0.99, about 0.99001
    const exact = Math.log(1 + 0.01 / 0.99 / 1001);
    const far = [{ weight: 1, a: 1, b: 1000 }];
    expect(logMixtureEvidence(far, 1, 1, { p: 0.99, q: 0.01 }, 'above')).toBeCloseTo(exact, 8);
    expect(logMixtureEvidence(far, 1, 1, { p: 0.99, q: 0.01 }, 'above')).toBeLessThan(exact);
  });
});

const counts = fc
  .integer({ min: 1, max: 100_000 })
  .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
const target = fc.double({ min: -6, max: 8, noNaN: true }).map((logOdds) => {
  const small = 1 / (1 + Math.exp(Math.abs(logOdds)));
  return logOdds < 0 ? { p: small, q: 1 - small } : { p: 1 - small, q: small };
});
const priors = fc.constantFrom(...PRIORS);

describe('logMixtureEvidence, laws', () => {
  it('is 0 before the first trial', () => {
    for (const side of ['above', 'below'] as const)
      expect(logMixtureEvidence(SELECTION, 0, 0, { p: 0.7, q: 0.3 }, side)).toBe(0);
  });

  it('is its own mirror image', () => {
    fc.assert(
      fc.property(counts, target, priors, ([h, n], { p, q }, prior) => {
        fc.pre(h !== n * p && n - h !== n * q);
        const mirrored = prior.map(({ weight, a, b }) => ({ weight, a: b, b: a }));
        const below = logMixtureEvidence(mirrored, n - h, n, { p: q, q: p }, 'below');
        expect(logMixtureEvidence(prior, h, n, { p, q }, 'above')).toBe(below);
      }),
    );
  });

  it('is a martingale at p0: the mean after one more trial is the value before', () => {
    fc.assert(
      fc.property(counts, target, priors, ([h, n], p0, prior) => {
        const now = logMixtureEvidence(prior, h, n, p0, 'above');
        const after = [
          logMixtureEvidence(prior, h + 1, n + 1, p0, 'above'),
          logMixtureEvidence(prior, h, n + 1, p0, 'above'),
        ] as const;
        fc.pre(Math.min(now, ...after) > -Infinity);
        const mean = p0.p * Math.exp(after[0] - now) + p0.q * Math.exp(after[1] - now);
        expect(mean).toBeCloseTo(1, 7);
      }),
      { numRuns: 1000 },
    );
  });

  it('grows with every vote for the side to be shown', () => {
    fc.assert(
      fc.property(counts, target, priors, ([h, n], p0, prior) => {
        fc.pre(h < n);
        const low = logMixtureEvidence(prior, h, n, p0, 'above');
        expect(logMixtureEvidence(prior, h + 1, n, p0, 'above')).toBeGreaterThanOrEqual(low);
      }),
    );
  });

  it('weighs the components: halves of one prior are that prior, and the weights are normalised', () => {
    const halves = [
      { weight: 0.5, a: 0.5, b: 0.5 },
      { weight: 0.5 + 1e-10, a: 0.5, b: 0.5 },
    ];
    const p0 = { p: 0.9, q: 0.1 };
    const whole = logMixtureEvidence(JEFFREYS, 480, 500, p0, 'above');
    expect(logMixtureEvidence(halves, 480, 500, p0, 'above')).toBeCloseTo(whole, 13);
    const parts = SELECTION.map(({ a, b }) =>
      Math.exp(logMixtureEvidence([{ weight: 1, a, b }], 480, 500, p0, 'above')),
    );
    const mean = Math.log(0.8 * parts[0]! + 0.2 * parts[1]!);
    expect(logMixtureEvidence(SELECTION, 480, 500, p0, 'above')).toBeCloseTo(mean, 11);
  });
});
