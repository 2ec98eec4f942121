import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../src/stats/clopper-pearson.ts';
import { normalQuantile } from '../../src/stats/normal.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { contextOf, play, spread, votesOf } from './play.ts';

interface TopTwoRow {
  readonly pA_lower: number;
  readonly pB_upper: number;
  readonly radius_sigma1: number;
}

const { top2_radius: rows } = await readFixture<{ readonly top2_radius: readonly TopTwoRow[] }>('stat_reference.json');

const ten = (change: Partial<Parameters<typeof contextOf>[0]> = {}) =>
  contextOf({ countsSelection: [1, 99, 0, 0, 0, 0, 0, 0, 0, 0], ...change });

describe('topTwo', () => {
  it.each(rows)(
    'has the reference radius for p_A $pA_lower, p_B $pB_upper',
    ({ pA_lower, pB_upper, radius_sigma1 }) => {
      const noise = new GaussianNoise({ sigma: 1 });
      const against = noise.radiusAgainst?.bind(noise);
      const radius = against?.({ p: pA_lower, q: 1 - pA_lower }, [{ p: pB_upper, q: 1 - pB_upper }], 1, {
        norm: 'l2',
        dimension: 1,
      });
      expect(radius).toBeLessThanOrEqual(radius_sigma1 * (1 + 1e-15));
      expect(radius).toBeGreaterThanOrEqual(radius_sigma1 * (1 - 1e-11) - 1e-15);
    },
  );

  it('takes half of alpha for the class and half for the largest other count', () => {
    const counts = [150, 700, 50, 100, 0, 0, 0, 0, 0, 0];
    const { result } = play(topTwo(), ten(), spread(counts), 100);
    const lower = clopperPearsonLowerBound(700, 1000, 0.0005);
    const upper = clopperPearsonUpperBound(150, 1000, 0.0005);
    expect(result).toEqual({
      cAHat: 1,
      radius: (normalQuantile(lower) - normalQuantile(upper)) / 2,
      reason: 'certified',
      lower,
      bound: 'clopper-pearson',
      pBBar: upper.p,
    });
  });

  it('splits alpha as told', () => {
    const { result } = play(topTwo({ alphaShare: 0.9 }), ten(), spread([300, 700, 0, 0, 0, 0, 0, 0, 0, 0]), 100);
    expect(result.lower).toEqual(clopperPearsonLowerBound(700, 1000, 0.001 * 0.9));
    expect(result.pBBar).toBe(Math.min(clopperPearsonUpperBound(300, 1000, 0.001 * (1 - 0.9)).p, result.lower.q));
  });

  it('certifies below one half, where one bound cannot', () => {
    const counts = [100, 450, 75, 75, 75, 75, 75, 75, 0, 0];
    expect(play(topTwo(), ten(), spread(counts), 100).result).toMatchObject({ reason: 'certified', cAHat: 1 });
    expect(play(fixedSample(), ten(), spread(counts), 100).result.radius).toBe(0);
  });

  it('never claims more for the runner-up than the class leaves to it', () => {
    const { result } = play(topTwo(), contextOf(), spread([100, 900]), 100);
    expect(result.pBBar).toBe(result.lower.q);
  });

  it('gives samples that could not be drawn to the runner-up', () => {
    const votes = votesOf([-1, 20], [0, 30], [1, 50]);
    const { result } = play(topTwo(), ten({ n: 100 }), votes, 100);
    expect(result.lower).toEqual(clopperPearsonLowerBound(50, 100, 0.0005));
    expect(result.pBBar).toBe(Math.min(clopperPearsonUpperBound(50, 100, 0.0005).p, result.lower.q));
    expect(result.reason).toBe('low-confidence');
  });

  it('gives the same radius for every checkEvery, and stops early only to abstain', () => {
    const votes = fc.array(fc.constantFrom(0, 1, 1, 1, 2, -1), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(votes, fc.integer({ min: 1, max: 70 }), (list, checkEvery) => {
        const context = contextOf({ countsSelection: [1, 9, 0], n: 60, alpha: 0.05 });
        const whole = play(topTwo(), context, list, 60);
        const { result, used } = play(topTwo(), context, list, checkEvery);
        expect(result.radius).toBe(whole.result.radius);
        if (used < 60) expect(result).toMatchObject({ reason: 'out-of-reach', radius: 0 });
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('stops early on a hopeless example', () => {
    const { stop, used } = play(topTwo(), ten(), votesOf([0, 600], [1, 400]), 10);
    expect(stop).toBe('out-of-reach');
    expect(used).toBeLessThan(600);
  });

  it('writes its parameters with their defaults', () => {
    expect(topTwo()).toMatchObject({ name: 'top-two', parameters: { alphaShare: 0.5 } });
  });
});
