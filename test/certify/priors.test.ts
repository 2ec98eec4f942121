import { describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { stopAtSamples, stopAtWidth } from '../../src/certify/stops.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import type { BetaPrior } from '../../src/stats/beta-mixture.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { hardCertificate } from '../smoothed/made-certificates.ts';
import { exactLikelihood, exactMixture } from '../stats/exact-mixture.ts';
import { logOf } from '../stats/exact-binomial-tail.ts';
import { crossingProbability } from './crossing-probability.ts';
import { mixture } from './failure-cases.ts';
import { contextOf, play, probabilityRadius, randomVotes } from './play.ts';

const p0 = 0.8;
const stops = [stopAtSamples({ samples: 1e9 })];

/** Mixtures with mass on both sides of p0, above it alone, and below it alone. */
const mixtures: readonly (readonly BetaPrior[])[] = [
  mixture,
  [
    { weight: 0.5, a: 20, b: 2 },
    { weight: 0.5, a: 200, b: 2 },
  ],
  [
    { weight: 0.6, a: 20, b: 60 },
    { weight: 0.4, a: 3, b: 7 },
  ],
];

/** Certifies p > p0 by the mixture as it is, at its likelihood ratio against p0: the mistake. */
const untruncated = (priors: readonly BetaPrior[], most: number): CertificationRule => {
  const exact = exactMixture(priors, most);
  return {
    name: 'untruncated',
    parameters: {},
    begin: ({ alpha, cAHat }) => {
      let isProven = false;
      return {
        check({ counts, used }) {
          const h = counts[cAHat] ?? 0;
          const log = logOf(exact(h, used)) - logOf(exactLikelihood(h, used, { p: p0 }));
          isProven ||= log >= -Math.log(alpha);
          return undefined;
        },
        result: () => ({
          cAHat,
          radius: isProven ? p0 : 0,
          reason: isProven ? 'certified' : 'undecided',
          lower: { p: p0, q: 1 - p0 },
          bound: 'beta-mixture',
        }),
      };
    },
  };
};

/** Probabilities that a rule claims p0 within n samples though the class has each p ≤ p0, by all sequences of votes. */
function claimedByEnumeration(rule: CertificationRule, ps: readonly number[], n: number, alpha: number): number[] {
  const claims = new Array<number>(n + 1).fill(0); // sequences that claim, by their number of hits
  for (let bits = 0; bits < 2 ** n; bits++) {
    const votes = Array.from({ length: n }, (_, i) => (bits >> i) & 1);
    const { result } = play(rule, contextOf({ n, alpha, radius: probabilityRadius }), votes, 1);
    if (result.radius >= p0) claims[votes.reduce((sum, vote) => sum + vote, 0)]!++;
  }
  return ps.map((p) => claims.reduce((sum, count, hits) => sum + count * p ** hits * (1 - p) ** (n - hits), 0));
}

describe('a mixture as the prior of a fixed radius', () => {
  const rule = (prior: readonly BetaPrior[]) => fixedRadius({ radius: p0, prior, finalShare: 0 });

  it.each(mixtures)(
    'claims with at most alpha over all sequences of 10 votes, least where p is least (%#)',
    (...prior) => {
      const [atNull, ...below] = claimedByEnumeration(rule(prior), [p0, 0.7, 0.4], 10, 0.4);
      expect(atNull).toBeLessThanOrEqual(0.4);
      // The mass of the last one that is left above p0 is close to it: it needs more votes.
      if (prior[0] !== mixtures[2]![0]) expect(atNull).toBeGreaterThan(0.1);
      expect(below[0]).toBeLessThanOrEqual(atNull!);
      expect(below[1]).toBeLessThanOrEqual(below[0]!);
    },
  );

  it.each(mixtures)('claims with at most alpha within 300 votes, for every p up to p0 (%#)', (...prior) => {
    const found = [p0, 0.7, 0.3].map((p) => crossingProbability({ rule: rule(prior), p, n: 300, alpha: 0.05 }));
    expect(Math.max(...found)).toBeLessThanOrEqual(0.05);
    expect(found[0]).toBeGreaterThan(0.001);
  });

  it('would not do so without the truncation: a p far below p0 is then claimed to be above it', () => {
    const wrong = untruncated(mixture, 10);
    const [atNull, below] = claimedByEnumeration(wrong, [p0, 0.4], 10, 0.4);
    // Few votes for the class speak against p0 as much as many do: at p0 Ville's inequality holds, below it nothing does.
    expect(atNull).toBeLessThanOrEqual(0.4);
    expect(below).toBeGreaterThan(2 * 0.4);
    expect(claimedByEnumeration(rule(mixture), [0.4], 10, 0.4)[0]).toBeLessThan(0.4 / 10);
  });

  it('of the anytime radius exceeds p with at most alpha', () => {
    for (const prior of mixtures) {
      const one = { rule: anytimeRadius({ stops, prior }), p: p0, n: 300, alpha: 0.05 };
      expect(crossingProbability(one)).toBeLessThanOrEqual(0.05);
    }
  });
});

describe('a mixture and the names', () => {
  const jeffreys = { a: 0.5, b: 0.5 };
  const pairs = [
    [
      'jeffreys',
      fixedRadius({ radius: [0.3, 0.6], prior: 'jeffreys' }),
      fixedRadius({ radius: [0.3, 0.6], prior: [{ weight: 1, ...jeffreys }] }),
    ],
    [
      'near one',
      anytimeRadius({ stops: [stopAtWidth({ width: 0.4 })] }),
      anytimeRadius({ stops: [stopAtWidth({ width: 0.4 })], prior: [{ weight: 1, a: 1, b: 0.1 }] }),
    ],
    [
      'halves of one',
      fixedRadius({ radius: 0.5, prior: 'jeffreys', evidence: 'betting' }),
      fixedRadius({
        radius: 0.5,
        evidence: 'betting',
        prior: [
          { weight: 0.5, ...jeffreys },
          { weight: 0.5, ...jeffreys },
        ],
      }),
    ],
  ] as const;

  it.each(pairs)('that are the same prior end every run alike: %s', (_name, named, listed) => {
    for (let seed = 0; seed < 60; seed++) {
      const votes = randomVotes(seed, 1000, [0.3 - seed / 250, 0.7 + seed / 250]);
      expect(play(listed, contextOf(), votes)).toEqual(play(named, contextOf(), votes));
    }
  });

  it('does not depend on the order of the components, which a record holds in one order', () => {
    const reversed = fixedRadius({ radius: 0.5, prior: [...mixture].reverse() });
    const rule = fixedRadius({ radius: 0.5, prior: mixture });
    expect(reversed.parameters).toEqual(rule.parameters);
    for (let seed = 0; seed < 20; seed++) {
      const votes = randomVotes(seed, 1000, [0.25, 0.75]);
      expect(play(reversed, contextOf(), votes)).toEqual(play(rule, contextOf(), votes));
    }
  });

  it('is what it was when the rule was made', () => {
    const own = mixture.map((component) => ({ ...component }));
    const rule = fixedRadius({ radius: 0.5, prior: own });
    const votes = randomVotes(1, 1000, [0.2, 0.8]);
    const before = play(rule, contextOf(), votes);
    own[0]!.a = 1e6;
    own.length = 1;
    expect(play(rule, contextOf(), votes)).toEqual(before);
    expect(rule.parameters['prior']).toHaveLength(3);
  });
});

describe('a certificate', () => {
  const noise = new GaussianNoise({ sigma: 0.5 });
  const prior = [
    { weight: 0.7, a: 20, b: 1 },
    { weight: 0.3, a: 0.5, b: 0.5 },
  ];
  const made = hardCertificate({ rule: fixedRadius({ radius: 0.4, prior }), p: 0.9 });

  it('holds the prior, and is derived again with it', () => {
    expect(made.reason).toBe('certified');
    expect(made.rule.parameters['prior']).toEqual([prior[1], prior[0]]);
    expect(verifyCertificate(made, noise)).toEqual({ valid: true, faults: [], radius: 0.4 });
  });

  it('with an edited prior is not what follows from its votes', () => {
    const edited = (other: readonly BetaPrior[]): boolean =>
      verifyCertificate(
        { ...made, rule: { ...made.rule, parameters: { ...made.rule.parameters, prior: other as never } } },
        noise,
      ).valid;
    // It would not have certified where this one did, or would have before.
    expect(edited([{ weight: 1, a: 1e6, b: 1e6 }])).toBe(false);
    expect(edited([{ weight: 1, a: 1e9, b: 0.01 }])).toBe(false);
    expect(() => edited([{ weight: 0.5, a: 1, b: 1 }])).toThrow(/weights greater than 0 that sum to 1/);
  });
});
