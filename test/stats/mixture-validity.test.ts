import { describe, expect, it } from 'vitest';
import { bettingLowerBound, mixtureLowerBound, mixtureUpperBound } from '../../src/stats/mixture-bounds.ts';
import { logMixtureEvidence } from '../../src/stats/beta-mixture.ts';
import { chanceOfClaim } from './chance-of-claim.ts';
import { JEFFREYS, SELECTION } from './priors.ts';

const ALPHA = 0.001;
const NEAR_ONE = [{ weight: 1, a: 1, b: 0.1 }];

describe('exact probability of a false claim, looking after every one of 2000 trials', () => {
  it.each([
    ['Jeffreys', JEFFREYS],
    ['selection', SELECTION],
    ['near one', NEAR_ONE],
  ] as const)('evidence of a probability above p0, %s: at most alpha at p0, less below it', (_, priors) => {
    for (const p0 of [0.5, 0.84, 0.99]) {
      const claims = (h: number, n: number): boolean =>
        logMixtureEvidence(priors, h, n, { p: p0, q: 1 - p0 }, 'above') >= -Math.log(ALPHA);
      const atNull = chanceOfClaim(p0, 2000, claims);
      expect(atNull).toBeLessThan(ALPHA);
      expect(atNull).toBeGreaterThan(ALPHA / 10); // and not wastefully little
      expect(chanceOfClaim(p0 - 0.01, 2000, claims)).toBeLessThan(atNull);
    }
  });

  it('evidence of a probability below p0, by exchanging successes and failures', () => {
    for (const p0 of [0.5, 0.84, 0.99]) {
      const claims = (failures: number, n: number): boolean =>
        logMixtureEvidence(SELECTION, n - failures, n, { p: p0, q: 1 - p0 }, 'below') >= -Math.log(ALPHA);
      const atNull = chanceOfClaim(1 - p0, 2000, claims);
      expect(atNull).toBeLessThan(ALPHA);
      expect(atNull).toBeGreaterThan(ALPHA / 100);
    }
  });

  it('the confidence sequence: both ends together at most alpha', () => {
    for (const priors of [JEFFREYS, SELECTION, NEAR_ONE]) {
      for (const p of [0.5, 0.84, 0.99, 0.999]) {
        const low = chanceOfClaim(p, 2000, (h, n) => mixtureLowerBound(priors, h, n, ALPHA).p > p);
        const high = chanceOfClaim(
          1 - p,
          2000,
          (failures, n) => mixtureUpperBound(priors, n - failures, n, ALPHA).p < p,
        );
        expect(low + high).toBeLessThan(ALPHA);
        expect(low + high).toBeGreaterThan(ALPHA / 20);
      }
    }
  });

  // Half of 6.5e-4, 5.2e-4, 2.5e-4 and 9e-5, which were computed exactly for the threshold 1/(2 alpha).
  it.each([
    [0.6, 3.25e-4],
    [0.8, 2.6e-4],
    [0.95, 1.25e-4],
    [0.99, 4.5e-5],
  ])('the betting sequence exceeds p = %d within 8000 trials about as often as it should: %d', (p, published) => {
    const chance = chanceOfClaim(p, 8000, (h, n) => bettingLowerBound(h, n, ALPHA).p > p);
    expect(Math.abs(chance / published - 1)).toBeLessThan(0.1); // computed here: 3.50e-4, 2.67e-4, 1.24e-4, 4.64e-5
  });
});
