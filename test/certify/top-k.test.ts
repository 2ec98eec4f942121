import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleContext } from '../../src/certify/rule.ts';
import { topK } from '../../src/certify/top-k.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../src/stats/clopper-pearson.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../../src/types.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { contextOf, play, spread, votesOf } from './play.ts';

interface TopKRow {
  readonly p_label_lower: number;
  readonly others_upper: readonly number[];
  readonly k: number;
  readonly radius_sigma1: number;
}

const { topk_jia_radius: rows } = await readFixture<{ readonly topk_jia_radius: readonly TopKRow[] }>(
  'stat_reference.json',
);

/** A context with five classes that keeps what the rule asked the noise. */
function recording(change: Partial<RuleContext> = {}) {
  const asked: { lower: ProbabilityBound; others: readonly UpperProbabilityBound[]; k: number }[] = [];
  const context = contextOf({
    countsSelection: [1, 99, 0, 0, 0],
    radiusAgainst: (lower, others, k) => {
      asked.push({ lower, others, k });
      const noise = new GaussianNoise({ sigma: 1 });
      return noise.radiusAgainst(lower, others, k, { norm: 'l2', dimension: 1 });
    },
    ...change,
  });
  return { context, asked };
}

describe('topK', () => {
  it.each(rows)('has the reference radius for k $k, $p_label_lower against $others_upper', (row) => {
    const noise = new GaussianNoise({ sigma: 1 });
    const pair = (p: number) => ({ p, q: 1 - p });
    const others = row.others_upper.map(pair);
    const radius = noise.radiusAgainst(pair(row.p_label_lower), others, row.k, { norm: 'l2', dimension: 1 });
    expect(radius).toBeLessThanOrEqual(row.radius_sigma1 * (1 + 1e-14));
    expect(radius).toBeGreaterThanOrEqual(row.radius_sigma1 * (1 - 1e-9));
  });

  it('bounds every class at alpha / C, each other class at most by what the label leaves', () => {
    const counts = [250, 600, 90, 60, 0];
    const { context, asked } = recording();
    const { result } = play(topK({ k: 2 }), context, spread(counts), 100);
    const lower = clopperPearsonLowerBound(600, 1000, 0.001 / 5);
    const upper = (count: number) => clopperPearsonUpperBound(count, 1000, 0.001 / 5);
    expect(asked.at(-1)).toEqual({ lower, others: [upper(250), upper(90), upper(60), upper(0)], k: 2 });
    expect(result).toMatchObject({
      cAHat: 1,
      reason: 'certified',
      lower,
      bound: 'simultaneous-clopper-pearson',
      pBBar: upper(250).p,
      topK: 2,
    });
    expect(result.radius).toBeGreaterThan(0);
  });

  it('takes the class of the same votes at alpha / 2C', () => {
    const { context } = recording();
    const { result } = play(topK({ k: 2, labelFrom: 'estimation' }), context, spread([600, 250, 90, 60, 0]), 100);
    expect(result.cAHat).toBe(0);
    expect(result.lower).toEqual(clopperPearsonLowerBound(600, 1000, 0.001 / 10));
  });

  it('can prove that a class is among the top three where it is not the first', () => {
    const { context } = recording();
    const votes = spread([450, 350, 150, 50, 0]);
    expect(play(topK({ k: 1 }), context, votes, 100).result.reason).not.toBe('certified');
    expect(play(topK({ k: 3 }), context, votes, 100).result).toMatchObject({ reason: 'certified', cAHat: 1, topK: 3 });
  });

  it('grows with k', () => {
    const { context } = recording();
    const radii = [1, 2, 3, 4].map(
      (k) => play(topK({ k }), context, spread([100, 700, 90, 60, 50]), 100).result.radius,
    );
    expect([...radii].sort((a, b) => a - b)).toEqual(radii);
    expect(new Set(radii).size).toBeGreaterThan(2);
  });

  it('gives samples that could not be drawn to each of the others', () => {
    const { context, asked } = recording({ n: 100 });
    play(topK({ k: 2 }), context, votesOf([-1, 10], [0, 20], [1, 70]), 100);
    const level = 0.001 / 5;
    const [zero, two] = asked.at(-1)!.others;
    expect(zero).toEqual(clopperPearsonUpperBound(30, 100, level));
    expect(two).toEqual(clopperPearsonUpperBound(10, 100, level));
  });

  it('gives the same radius for every checkEvery, and stops early only to abstain', () => {
    const run = fc.record({
      votes: fc.array(fc.constantFrom(0, 1, 1, 2, 3, -1), { minLength: 60, maxLength: 60 }),
      k: fc.integer({ min: 1, max: 4 }),
      labelFrom: fc.constantFrom('selection', 'estimation'),
      checkEvery: fc.integer({ min: 1, max: 70 }),
    });
    fc.assert(
      fc.property(run, ({ votes, k, labelFrom, checkEvery }) => {
        const { context } = recording({ n: 60, alpha: 0.05 });
        const rule = topK({ k, labelFrom });
        const whole = play(rule, context, votes, 60);
        const { result, used } = play(rule, context, votes, checkEvery);
        expect(result.radius).toBe(whole.result.radius);
        if (used < 60) expect(result).toMatchObject({ reason: 'out-of-reach', radius: 0 });
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('stops early on a hopeless example', () => {
    const { context } = recording();
    const { stop, used } = play(topK({ k: 2 }), context, votesOf([0, 350], [2, 350], [1, 300]), 10);
    expect(stop).toBe('out-of-reach');
    expect(used).toBeLessThan(700);
  });

  it('writes its parameters with their defaults', () => {
    expect(topK({ k: 3 })).toMatchObject({ name: 'top-k', parameters: { k: 3, labelFrom: 'selection' } });
  });
});
