import { describe, expect, it } from 'vitest';
import { logMixtureEvidence } from '../../src/stats/beta-mixture.ts';
import { mixtureLowerBound, mixtureUpperBound } from '../../src/stats/mixture-bounds.ts';
import { faultsOf } from './clopper-pearson-checks.ts';
import { compare, exactly, type Given, logOf, times } from './exact-binomial-tail.ts';
import { exactLikelihood, exactLogEvidenceAbove, exactLogEvidenceBelow, exactMixture } from './exact-mixture.ts';
import { FAR, JEFFREYS, PRIORS } from './priors.ts';
import { uniformStream, type UniformStream } from './uniform-stream.ts';

/** A probability and its complement, the smaller one exact; the twin's series converge slowly away from the side to be shown. */
function pair(stream: UniformStream, side: 'above' | 'below'): { p: number; q: number; given: Given } {
  const logOdds = side === 'above' ? stream.uniform(-2.5, 6) : stream.uniform(-6, 2.5);
  const small = 1 / (1 + Math.exp(Math.abs(logOdds)));
  return logOdds < 0
    ? { p: small, q: 1 - small, given: { p: small } }
    : { p: 1 - small, q: small, given: { q: small } };
}

describe('the exact twin itself', () => {
  it('knows the uniform prior in closed form', () => {
    const uniform = [{ weight: 1, a: 1, b: 1 }];
    // B(h+1, n-h+1)/B(1, 1) = 1/((n+1) C(n, h))
    expect(logOf(exactMixture(uniform, 10)(3, 10))).toBeCloseTo(-Math.log(11 * 120), 14);
    // one success: the integral of 2x over (1/2, 1), divided by 1/2
    expect(exactLogEvidenceAbove(uniform, 1, 1, { q: 0.5 })).toBeCloseTo(Math.log(1.5), 14);
    expect(exactLogEvidenceBelow(uniform, 0, 1, { p: 0.5 })).toBeCloseTo(Math.log(1.5), 14);
    expect(exactLogEvidenceAbove(JEFFREYS, 300, 1000, { p: 0.8413447460685429 })).toBeCloseTo(-7.10279610998434, 12);
  });
});

describe('logMixtureEvidence against exact sums', () => {
  it.each(['above', 'below'] as const)('is never too large and hardly too small: %s', (side) => {
    const stream = uniformStream(side === 'above' ? 11 : 12);
    const exact = side === 'above' ? exactLogEvidenceAbove : exactLogEvidenceBelow;
    const found: string[] = [];
    let compared = 0;
    for (let i = 0; i < 600; i++) {
      const priors = stream.pick(PRIORS);
      const { p, q, given } = pair(stream, side);
      const n = Math.floor(stream.logUniform(1, 2000));
      const away = Math.sqrt(n * p * q) * stream.uniform(0, 6);
      const h = Math.min(n, Math.max(0, Math.round(side === 'above' ? n * p + away : n * p - away)));
      const evidence = logMixtureEvidence(priors, h, n, { p, q }, side);
      if (evidence === -Infinity) continue;
      compared++;
      const truth = exact(priors, h, n, given);
      const rounding = 1e-15 * (1 + Math.abs(truth)); // of the logarithm of the exact value
      const excess = evidence - truth;
      const tolerance = priors === FAR ? 1e-9 : 1e-11; // its large kernels have large errors
      if (excess > -rounding || excess < -tolerance * (1 + Math.abs(truth))) found.push(`${h}, ${n}, ${p}: ${excess}`);
    }
    expect(found).toEqual([]);
    expect(compared).toBeGreaterThan(400);
  });
});

describe('mixtureLowerBound and mixtureUpperBound against exact products', () => {
  it('are never on the wrong side and at most 1e-9 off', () => {
    const stream = uniformStream(13);
    const most = 5000;
    const mixtures = PRIORS.map((priors) => ({ priors, likelihood: exactMixture(priors, most) }));
    const found: string[] = [];
    for (let i = 0; i < 1500; i++) {
      const { priors, likelihood } = stream.pick(mixtures);
      const n = Math.floor(stream.logUniform(1, most));
      const h = stream.pick([stream.integer(1, n), n, Math.max(1, n - stream.integer(0, 5))]);
      const alpha = stream.logUniform(1e-30, 0.9);
      const level = times(likelihood(h, n), exactly(alpha));
      // E(p) = mixture / likelihood(p) falls up to h/n and is 1/alpha at the exact bound.
      const below = (given: Given): number => compare(exactLikelihood(h, n, given), level);
      found.push(...faultsOf(mixtureLowerBound(priors, h, n, alpha), below).map((fault) => `${h}, ${n}: ${fault}`));
      const mirrored = priors.map(({ weight, a, b }) => ({ weight, a: b, b: a }));
      const { p, q } = mixtureUpperBound(mirrored, n - h, n, alpha);
      found.push(...faultsOf({ p: q, q: p }, below).map((fault) => `upper ${n - h}, ${n}: ${fault}`));
    }
    expect(found).toEqual([]);
  });
});
