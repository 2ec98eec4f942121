import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedRadius, type FixedRadiusOptions } from '../../src/certify/fixed-radius.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { mixtureLowerBound, mixtureUpperBound } from '../../src/stats/mixture-bounds.ts';
import { normalCdf } from '../../src/stats/normal.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { contextOf, gaussianRadius, play, probabilityRadius, randomVotes, spread, votesOf } from './play.ts';
import { evidenceByQuadrature } from './twins.ts';

interface EvidenceRow {
  readonly h: number;
  readonly n: number;
  readonly p0: number;
  readonly log_e_truncated_jeffreys: string;
  readonly certified_at_alpha_0_001: boolean;
}

const { truncated_beta_mixture_eprocess: reference } = await readFixture<{
  readonly truncated_beta_mixture_eprocess: { readonly rows: readonly EvidenceRow[] };
}>('stat_reference.json');

const jeffreys = (radius: FixedRadiusOptions['radius'], options: Partial<FixedRadiusOptions> = {}) =>
  fixedRadius({ radius, prior: 'jeffreys', finalShare: 0, ...options });

describe('fixedRadius', () => {
  it.each(reference.rows)('decides the reference row h $h of $n at p0 $p0', (row) => {
    // A large n keeps the smallest radius in reach; the radius is the probability.
    const context = (alpha: number) => contextOf({ n: 1_000_000, alpha, radius: probabilityRadius });
    const decides = (alpha: number) => {
      const run = jeffreys(row.p0).begin(context(alpha));
      const tally = { counts: [row.n - row.h, row.h], used: row.n };
      run.check(tally);
      return run.result(tally).reason === 'certified';
    };
    expect(decides(0.001)).toBe(row.certified_at_alpha_0_001);
    // Underflow of the incomplete beta functions would make evidence where h/n < p0 (the row with 300 of 1000).
    const log = row.h / row.n < row.p0 ? -Infinity : Number(row.log_e_truncated_jeffreys);
    const justEnough = Math.exp(-log * (1 - 1e-9)); // alpha at which the evidence is enough by a hair
    if (log > Math.LN2) expect([decides(justEnough), decides(justEnough * (1 - 1e-7))]).toEqual([true, false]);
    else expect(decides(0.49)).toBe(false);
  });

  it('makes no evidence out of an underflow, however few the votes for the class', () => {
    // For 300 of 1000 at p0 = 0.84 the likelihood part of ln E is +726 and the truncation −733. Cut off at 1e-300, the second would be
    // −691, and 35 nats of evidence would be left for a false claim.
    for (const [h, n, p0] of [
      [300, 1000, 0.8413],
      [0, 1000, 0.6],
      [1, 100_000, 0.999],
      [50_000, 100_000, 0.9],
      [600_000, 1_000_000, 0.601],
      [999_000, 1_000_000, 0.9999],
    ] as const) {
      for (const prior of ['selection', 'jeffreys'] as const) {
        const context = contextOf({ n: 10_000_000, radius: probabilityRadius, countsSelection: [0, 100] });
        const run = fixedRadius({ radius: p0, prior, beta: 1e-12, finalShare: 0 }).begin(context);
        const tally = { counts: [n - h, h], used: n };
        run.check(tally);
        expect(run.result(tally), `${h} of ${n} at ${p0}`).toMatchObject({ radius: 0, steps: [] });
      }
    }
    // The mirror image: nothing is declined where nearly all votes are for the class.
    for (const [h, n, p0] of [
      [1000, 1000, 0.51],
      [99_999, 100_000, 0.6],
    ] as const) {
      const run = jeffreys(p0, { beta: 0.5 }).begin(
        contextOf({ n: 1_000_000, alpha: 1e-300, radius: probabilityRadius }),
      );
      const tally = { counts: [n - h, h], used: n };
      run.check(tally);
      expect(run.result(tally).reason).not.toBe('declined');
    }
  });

  it('certifies and declines when the quadrature of the likelihood ratio says so', () => {
    const run = fc.record({
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      p: fc.constantFrom(0.4, 0.6, 0.7, 0.8, 0.95, 0.99),
      p0: fc.constantFrom(0.55, 0.7, 0.9),
    });
    const seen = new Set<string>();
    fc.assert(
      fc.property(run, ({ seed, p, p0 }) => {
        const list = randomVotes(seed, 150, [1 - p, p]);
        const context = contextOf({ n: 150, alpha: 0.05, radius: probabilityRadius });
        const { result, used } = play(jeffreys(p0, { beta: 0.1 }), context, list, 1);
        const expected = list.findIndex((_, i) => {
          const h = list.slice(0, i + 1).filter((vote) => vote === 1).length;
          return (
            evidenceByQuadrature(h, i + 1, p0, 'above') >= 1 / 0.05 ||
            evidenceByQuadrature(h, i + 1, p0, 'below') >= 1 / 0.1
          );
        });
        if (result.reason === 'undecided') expect([expected, used]).toEqual([-1, 150]);
        else if (result.reason === 'out-of-reach') expect(expected === -1 || expected >= used).toBe(true);
        else expect(used).toBe(expected + 1);
        seen.add(result.reason);
      }),
      { seed: 4, numRuns: 60 },
    );
    expect([...seen]).toEqual(expect.arrayContaining(['certified', 'declined', 'out-of-reach']));
  });

  it('claims exactly the radius asked for, proven by the least probability that gives it', () => {
    const radius = 0.987_654_321;
    const { result, stop, used } = play(fixedRadius({ radius, finalShare: 0 }), contextOf(), votesOf([1, 1000]));
    expect(stop).toBe('decided');
    expect(result).toMatchObject({ radius, reason: 'certified', cAHat: 1, bound: 'beta-mixture' });
    expect(result.steps).toEqual([{ radius, nA: used, n: used }]);
    expect(gaussianRadius(result.lower)).toBeGreaterThanOrEqual(radius);
    expect(gaussianRadius(result.lower)).toBeLessThan(radius * (1 + 1e-12));
    expect(result.lower.p).toBeCloseTo(normalCdf(radius), 12);
    expect(result.lower.p).toBeLessThanOrEqual(1 - result.lower.q);
  });

  it.each([
    ['gaussian linf', new GaussianNoise({ sigma: 0.5 }), 'linf', 0.02],
    ['laplace l1', new LaplaceNoise({ scale: 0.5 }), 'l1', 1.1],
    ['uniform l1', new UniformNoise({ halfWidth: 0.5 }), 'l1', 0.4],
  ] as const)('finds the probability of a radius for every noise: %s', (_, noise, norm, radius) => {
    const request = { norm, dimension: 784 };
    const context = contextOf({ radius: (bound) => noise.radius(bound, request) });
    const { result } = play(fixedRadius({ radius, finalShare: 0 }), context, votesOf([1, 1000]));
    expect(result.reason).toBe('certified');
    const found = noise.radius(result.lower, request);
    expect(found).toBeGreaterThanOrEqual(radius);
    expect(found).toBeLessThan(radius * (1 + 1e-11));
  });

  it('declines a radius that is too large for the class, long before all samples are drawn', () => {
    const { result, stop, used } = play(
      fixedRadius({ radius: 1, finalShare: 0 }),
      contextOf({ n: 10_000 }),
      spread([3000, 7000]),
    );
    expect(stop).toBe('decided');
    expect(result).toMatchObject({ reason: 'declined', radius: 0, lower: { p: 0, q: 1 }, steps: [] });
    expect(used).toBeLessThan(500);
  });

  it('leaves open what n samples do not decide', () => {
    const p0 = normalCdf(1);
    const votes = spread([Math.round(1000 * (1 - p0)) - 5, Math.round(1000 * p0) + 5]);
    const { result, stop, used } = play(fixedRadius({ radius: 1, finalShare: 0 }), contextOf(), votes, 1000);
    expect({ stop, used, reason: result.reason, radius: result.radius }).toEqual({
      stop: 'all-drawn',
      used: 1000,
      reason: 'undecided',
      radius: 0,
    });
  });

  it('stops where not even unanimous remaining votes could prove the radius, and no sooner', () => {
    const votes = spread([160, 840]);
    const { result, stop, used, counts } = play(jeffreys(1, { beta: 1e-9 }), contextOf(), votes, 1);
    expect(stop).toBe('out-of-reach');
    expect(result).toMatchObject({ reason: 'out-of-reach', radius: 0 });
    expect(used).toBeLessThan(1000);
    const provenIfAllAgree = (nA: number, drawn: number) => {
      const run = jeffreys(1).begin(contextOf());
      const misses = drawn - nA;
      return run.check({ counts: [misses, 1000 - misses], used: 1000 }) === 'decided';
    };
    expect(provenIfAllAgree(counts[1]!, used)).toBe(false);
    expect(votes[used - 1]).toBe(0); // one sample earlier all was still open
    expect(provenIfAllAgree(counts[1]!, used - 1)).toBe(true);
  });

  it('counts samples that could not be drawn as misses', () => {
    const misses = play(fixedRadius({ radius: 0.5, finalShare: 0 }), contextOf(), votesOf([-1, 40], [1, 960]));
    const others = play(fixedRadius({ radius: 0.5, finalShare: 0 }), contextOf(), votesOf([0, 40], [1, 960]));
    expect(misses.result).toEqual(others.result);
    expect(misses.used).toBe(others.used);
  });

  it('needs fewer samples with the votes of the selection sample as prior', () => {
    const votes = spread([40, 1960]);
    const context = contextOf({ n: 2000, countsSelection: [2, 98] });
    const used = (rule: ReturnType<typeof fixedRadius>) => play(rule, context, votes, 1).used;
    expect(used(fixedRadius({ radius: 1.5, finalShare: 0 }))).toBeLessThan(used(jeffreys(1.5)));
    expect(used(jeffreys(1.5))).toBeLessThan(used(jeffreys(1.5, { evidence: 'betting' })));
  });

  it('betting follows the ends of the untruncated mixture', () => {
    const prior = [{ weight: 1, a: 0.5, b: 0.5 }];
    for (const [votes, reason] of [
      [spread([40, 960]), 'certified'],
      [spread([300, 700]), 'declined'],
    ] as const) {
      const { result, used, counts } = play(jeffreys(1, { evidence: 'betting' }), contextOf(), votes, 1);
      expect(result.reason).toBe(reason);
      const p0 = normalCdf(1);
      const decided = (h: number, n: number) =>
        reason === 'certified'
          ? mixtureLowerBound(prior, h, n, 0.001).p >= p0
          : mixtureUpperBound(prior, h, n, 0.001).p <= p0;
      expect(decided(counts[1]!, used)).toBe(true);
      expect(decided(counts[1]! - votes[used - 1]!, used - 1)).toBe(false);
    }
  });
});

describe('fixedRadius with several radii', () => {
  it('proves them one after the other and claims the largest', () => {
    const radius = [0.25, 0.5, 1, 1.5];
    const { result, stop } = play(fixedRadius({ radius, finalShare: 0 }), contextOf(), votesOf([1, 1000]), 1);
    expect(stop).toBe('decided');
    expect(result.radius).toBe(1.5);
    expect(result.steps?.map((step) => step.radius)).toEqual(radius);
    const times = result.steps!.map(({ n }) => n);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    for (const [i, { nA, n }] of result.steps!.entries()) {
      const alone = play(fixedRadius({ radius: radius[i]!, finalShare: 0 }), contextOf(), votesOf([1, 1000]), 1);
      expect({ nA, n }).toEqual({ nA: alone.used, n: alone.used });
    }
  });

  it('keeps the smaller radii when a larger one is declined', () => {
    const votes = spread([600, 2400]);
    const { result, stop } = play(
      fixedRadius({ radius: [0.3, 0.6, 1.2, 1.4], finalShare: 0 }),
      contextOf({ n: 3000 }),
      votes,
    );
    expect(stop).toBe('decided');
    expect(result).toMatchObject({ radius: 0.6, reason: 'certified' });
    expect(result.steps).toHaveLength(2);
    expect(gaussianRadius(result.lower)).toBeGreaterThanOrEqual(0.6);
    expect(gaussianRadius(result.lower)).toBeLessThan(0.6 * (1 + 1e-12));
  });

  it('gives up a radius that no probability and no n votes can prove', () => {
    for (const impossible of [3, 1e6]) {
      const rule = fixedRadius({ radius: [0.5, impossible], finalShare: 0 });
      const { result, stop, used } = play(rule, contextOf(), votesOf([1, 1000]));
      expect(stop).toBe('out-of-reach');
      expect(result).toMatchObject({ radius: 0.5, reason: 'certified' });
      expect(used).toBeLessThan(200);
    }
  });
});

describe('fixedRadius with a final test', () => {
  const votes = spread([120, 880]);
  const context = contextOf();
  // 880 of 1000 prove p > 0.8413 by one Clopper-Pearson bound at 0.2 alpha, not by the sequence of tests.
  it('is made by default, with a fifth of alpha', () => {
    expect(fixedRadius({ radius: 1 }).parameters).toMatchObject({ finalShare: 0.2 });
  });

  it('proves what the sequence of tests leaves open', () => {
    expect(gaussianRadius(clopperPearsonLowerBound(880, 1000, 0.0002))).toBeGreaterThan(0.99);
    const without = play(fixedRadius({ radius: 0.99, finalShare: 0 }), context, votes, 1000);
    expect(without.result).toMatchObject({ reason: 'undecided', radius: 0 });
    const { result, stop } = play(fixedRadius({ radius: 0.99, finalShare: 0.2 }), context, votes, 1000);
    expect(stop).toBe('decided');
    expect(result).toMatchObject({ reason: 'certified', radius: 0.99, bound: 'clopper-pearson' });
    expect(result.steps).toEqual([{ radius: 0.99, nA: 880, n: 1000 }]);
  });

  it('tests at its share of alpha, and only after n samples', () => {
    const limit = gaussianRadius(clopperPearsonLowerBound(880, 1000, 0.001 * 0.2));
    const reason = (radius: number) =>
      play(fixedRadius({ radius, finalShare: 0.2 }), context, votes, 1000).result.reason;
    expect([reason(limit * (1 - 1e-9)), reason(limit * (1 + 1e-9))]).toEqual(['certified', 'undecided']);
    const run = fixedRadius({ radius: 0.99, finalShare: 0.2 }).begin(contextOf({ n: 1001 }));
    expect(run.check({ counts: [120, 880], used: 1000 })).toBeUndefined();
  });

  it('leaves the rest of alpha to the sequence of tests', () => {
    const used = (rule: ReturnType<typeof fixedRadius>, alpha: number) =>
      play(rule, contextOf({ alpha }), votesOf([1, 1000]), 1).used;
    const shared = used(fixedRadius({ radius: 1.5, finalShare: 0.5 }), 0.001);
    expect(shared).toBe(used(fixedRadius({ radius: 1.5, finalShare: 0 }), 0.0005));
    expect(shared).toBeGreaterThan(used(fixedRadius({ radius: 1.5, finalShare: 0 }), 0.001));
  });
});
