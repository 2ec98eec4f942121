import { describe, expect, it } from 'vitest';
import { type BetaPrior, logMixtureEvidence, truncatedMixture } from '../../src/stats/beta-mixture.ts';
import { PRIORS } from './priors.ts';
import { exactLogEvidenceAbove } from './exact-mixture.ts';
import { readFixture } from './read-fixture.ts';

interface Row {
  readonly mixture: readonly (readonly [number, number, number])[];
  readonly h0: number;
  readonly n0: number;
  readonly h: number;
  readonly n: number;
  readonly p0: number;
  readonly weights: readonly string[];
  readonly lnAbove: string | null;
  readonly lnBelow: string | null;
}

const { evidence } = readFixture<{ readonly evidence: readonly Row[] }>('prior_evidence.json');

describe('a mixture conditioned as a whole', () => {
  it.each(evidence)('gives the reference values: $h of $n at $p0, $mixture', (row) => {
    const { mixture, h0, n0, h, n, p0, weights, lnAbove, lnBelow } = row;
    const priors = mixture.map(([, a, b], i): BetaPrior => ({ weight: Number(weights[i]), a: a + h0, b: b + n0 - h0 }));
    const at = { p: p0, q: 1 - p0 };
    for (const [side, exact] of [
      ['above', lnAbove],
      ['below', lnBelow],
    ] as const) {
      const cut = truncatedMixture(priors, at, side);
      const found = logMixtureEvidence(cut.priors, h, n, at, side) - cut.error;
      if (exact === null) expect(found).toBe(-Infinity);
      else {
        expect(found).toBeLessThanOrEqual(Number(exact));
        expect(found).toBeGreaterThan(Number(exact) - 1e-10);
      }
    }
  });

  it('has the tail masses of its components as weights: at a probability of 0 they stay, and far off the nearest is left', () => {
    const priors = [
      { weight: 0.5, a: 1, b: 1 },
      { weight: 0.5, a: 1, b: 2 },
    ];
    // P(x > 1/2) is 1/2 for the first, 1/4 for the second.
    const { priors: cut } = truncatedMixture(priors, { p: 0.5, q: 0.5 }, 'above');
    expect(cut.map(({ weight }) => weight)).toEqual([expect.closeTo(2 / 3, 12), expect.closeTo(1 / 3, 12)]);
    const far = truncatedMixture(
      [
        { weight: 0.5, a: 1, b: 1e6 },
        { weight: 0.5, a: 1, b: 1 },
      ],
      { p: 0.9, q: 0.1 },
      'above',
    );
    expect(far.priors).toEqual([{ weight: 1, a: 1, b: 1 }]);
  });

  it('of one component is that component, to the bit', () => {
    for (const priors of PRIORS.filter((one) => one.length === 1)) {
      const cut = truncatedMixture(priors, { p: 0.8, q: 0.2 }, 'above');
      expect(cut.priors).toEqual(priors);
    }
  });

  it('is a prior on that side: evidence is the mean over the components with the new weights, by exact sums', () => {
    for (const priors of PRIORS) {
      const cut = truncatedMixture(priors, { p: 1 - 0.125, q: 0.125 }, 'above');
      const exact = exactLogEvidenceAbove(cut.priors, 95, 100, { q: 0.125 });
      const found = logMixtureEvidence(cut.priors, 95, 100, { p: 1 - 0.125, q: 0.125 }, 'above');
      expect(found).toBeLessThan(exact);
      expect(found).toBeGreaterThan(exact - 1e-8);
    }
  });
});
