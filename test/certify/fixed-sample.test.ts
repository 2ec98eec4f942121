import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certifyCounts } from '../../src/certify/counts.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { clopperPearsonLowerBound, randomizedClopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { minimumCountToCertify } from '../../src/stats/minimum-samples.ts';
import type { Norm } from '../../src/types.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { contextOf, gaussianRadius, play, spread, votesOf } from './play.ts';

interface CertifyFixture {
  readonly certify: readonly {
    readonly counts_selection: readonly number[];
    readonly counts_estimation: readonly number[];
    readonly n: number;
    readonly alpha: number;
    readonly sigma: number;
    readonly ord: Norm;
    readonly input_dims_chw: readonly number[];
    readonly note: string;
  }[];
}

const fixture = await readFixture<CertifyFixture>('certify.json');

describe('fixedSample', () => {
  // certify-counts.fixture.test.ts holds certifyCounts to the official results of the same rows.
  it.each(fixture.certify)('concludes what certifyCounts does: $ord, n $n, alpha $alpha, $note', (row) => {
    const { counts_selection: countsSelection, counts_estimation: counts, n, alpha, ord: norm } = row;
    const noise = new GaussianNoise({ sigma: row.sigma });
    const dimension = row.input_dims_chw.reduce((product, size) => product * size, 1);
    const radius = contextOf({ radius: (bound) => noise.radius(bound, { norm, dimension }) }).radius;
    const run = fixedSample().begin(contextOf({ countsSelection, n, alpha, radius }));
    expect(run.check({ counts, used: n })).toBeUndefined();
    const expected = certifyCounts({ countsSelection, counts, n, alpha, noise, norm, dimension });
    expect(run.result({ counts, used: n })).toEqual({
      cAHat: expected.cAHat,
      radius: expected.radius,
      reason: expected.reason,
      lower: { p: expected.pABar, q: expected.qABar },
      bound: 'clopper-pearson',
    });
  });

  it('stops once the votes left cannot reach the least count that certifies', () => {
    const context = contextOf({ n: 100 });
    const least = minimumCountToCertify(100, 0.001)!;
    const lost = votesOf([0, 100 - least + 1], [1, 100]);
    const { result, stop, used } = play(fixedSample(), context, lost, 1);
    expect({ stop, used, reason: result.reason, radius: result.radius }).toEqual({
      stop: 'out-of-reach',
      used: 100 - least + 1,
      reason: 'out-of-reach',
      radius: 0,
    });
    const won = votesOf([0, 100 - least], [1, 100]);
    expect(play(fixedSample(), context, won, 1)).toMatchObject({ stop: 'all-drawn', result: { reason: 'certified' } });
  });

  it('abstains where all samples are drawn and the bound is too low, or the noise gives no radius', () => {
    const votes = spread([50, 50]);
    expect(play(fixedSample(), contextOf({ n: 100 }), votes, 100)).toMatchObject({
      stop: 'all-drawn',
      result: { reason: 'low-confidence', radius: 0 },
    });
    const noRadius = contextOf({ n: 100, radius: () => 0 });
    expect(play(fixedSample(), noRadius, votesOf([1, 100]), 10).result).toMatchObject({
      reason: 'low-confidence',
      radius: 0,
    });
  });

  it('counts samples that could not be drawn as misses', () => {
    const { result } = play(fixedSample(), contextOf({ n: 100 }), votesOf([-1, 5], [1, 95]), 10);
    expect(result.lower).toEqual(clopperPearsonLowerBound(95, 100, 0.001));
  });

  it('gives the same result for every checkEvery', () => {
    const run = fc.record({
      votes: fc.array(fc.constantFrom(0, 1, 1, 1, -1), { minLength: 60, maxLength: 60 }),
      bound: fc.constantFrom('clopper-pearson', 'randomized-clopper-pearson'),
      draw: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(run, fc.integer({ min: 1, max: 70 }), ({ votes, bound, draw }, checkEvery) => {
        const rule = fixedSample({ bound });
        const context = contextOf({ n: 60, draw });
        const often = play(rule, context, votes, 1).result;
        const seldom = play(rule, context, votes, checkEvery).result;
        expect([seldom.radius, seldom.radius > 0]).toEqual([often.radius, often.radius > 0]);
        if (seldom.radius > 0) expect(seldom).toEqual(often);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('uses the draw of the context for the randomized bound, and reports it', () => {
    const rule = fixedSample({ bound: 'randomized-clopper-pearson' });
    const votes = spread([10, 90]);
    for (const draw of [0.01, 0.4, 1]) {
      const { result } = play(rule, contextOf({ n: 100, draw }), votes);
      const lower = randomizedClopperPearsonLowerBound(90, 100, 0.001, draw);
      expect(result).toEqual({
        cAHat: 1,
        radius: gaussianRadius(lower),
        reason: 'certified',
        lower,
        bound: 'randomized-clopper-pearson',
        draw,
      });
      expect(result.radius).toBeGreaterThanOrEqual(play(fixedSample(), contextOf({ n: 100 }), votes).result.radius);
    }
  });

  it('never gives an infinite radius, whatever the draw', () => {
    const rule = fixedSample({ bound: 'randomized-clopper-pearson' });
    const { result } = play(rule, contextOf({ n: 100, draw: 1e-9 }), votesOf([1, 100]));
    expect(result.lower.p).toBeLessThanOrEqual(0.5 ** (1 / 100));
    expect(result.radius).toBeLessThan(3);
  });

  it('writes its parameters with their defaults', () => {
    expect(fixedSample()).toMatchObject({ name: 'fixed-sample', parameters: { bound: 'clopper-pearson' } });
  });
});
