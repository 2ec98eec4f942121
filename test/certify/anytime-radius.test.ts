import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { type Stop, stopAtRadius, stopAtSamples, stopAtWidth, type StopState } from '../../src/certify/stops.ts';
import { mixtureLowerBound, mixtureUpperBound } from '../../src/stats/mixture-bounds.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { contextOf, gaussianRadius, play, spread, votesOf } from './play.ts';
import { bettingLowerByGrid } from './twins.ts';

interface BettingRow {
  readonly h: number;
  readonly n: number;
  readonly alpha: number;
  readonly lower: string;
  readonly q: string;
}

const { kt_betting_confidence_sequence_lower: reference } = await readFixture<{
  readonly kt_betting_confidence_sequence_lower: { readonly rows: readonly BettingRow[] };
}>('stat_reference.json');

const all = [stopAtSamples({ samples: 1e9 })];
const nearOne = [{ weight: 1, a: 1, b: 0.1 }];

/** A stop that never stops and keeps what it saw. */
function watching(): { stop: Stop; seen: StopState[] } {
  const seen: StopState[] = [];
  const holds = (state: StopState) => {
    seen.push(state);
    return false;
  };
  return { stop: { name: 'watching', parameters: {}, begin: () => holds }, seen };
}

describe('anytimeRadius', () => {
  it.each(reference.rows)(
    'has the reference bound of the Jeffreys prior for h $h of $n',
    ({ h, n, alpha, lower, q }) => {
      const run = anytimeRadius({ stops: all, prior: 'jeffreys' }).begin(contextOf({ n, alpha }));
      const tally = { counts: [n - h, h], used: n };
      run.check(tally);
      const found = run.result(tally).lower;
      expect(found.p).toBeLessThanOrEqual(Number(lower) * (1 + 1e-15));
      expect(found.q).toBeGreaterThanOrEqual(Number(q) * (1 - 1e-15));
      expect(found.q).toBeLessThanOrEqual(Number(q) * (1 + 1e-8));
    },
  );

  it('has the bound of a plain search in the formula', () => {
    for (const [h, n] of [
      [20, 20],
      [55, 60],
      [300, 400],
    ] as const) {
      const run = anytimeRadius({ stops: all, prior: 'jeffreys' }).begin(contextOf({ n, alpha: 0.01 }));
      const tally = { counts: [n - h, h], used: n };
      run.check(tally);
      const grid = bettingLowerByGrid(h, n, 0.01);
      expect(run.result(tally).lower.p).toBeLessThanOrEqual(grid);
      expect(run.result(tally).lower.p).toBeGreaterThan(grid - 1.01e-5);
    }
  });

  it('keeps the best bound of all checks, and the moment of it', () => {
    const votes = votesOf([1, 300], [0, 200], [1, 500]);
    const { result } = play(anytimeRadius({ stops: all }), contextOf(), votes, 100);
    const best = mixtureLowerBound(nearOne, 300, 300, 0.001);
    expect(result).toEqual({
      cAHat: 1,
      radius: gaussianRadius(best),
      reason: 'certified',
      lower: best,
      bound: 'beta-mixture',
      steps: [{ radius: gaussianRadius(best), nA: 300, n: 300 }],
    });
  });

  it('shows its stops the best bounds so far on both sides', () => {
    const { stop, seen } = watching();
    const votes = votesOf([1, 300], [0, 200], [1, 500]);
    play(anytimeRadius({ stops: [stop] }), contextOf(), votes, 100);
    expect(seen.map(({ used }) => used)).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    seen.forEach(({ lower, upper, radius, upperRadius }, i) => {
      expect(lower.p).toBe(
        Math.max(...seen.slice(0, i + 1).map((s) => mixtureLowerBound(nearOne, s.nA, s.used, 0.001).p)),
      );
      expect(upper.p).toBe(
        Math.min(...seen.slice(0, i + 1).map((s) => mixtureUpperBound(nearOne, s.nA, s.used, 0.001).p)),
      );
      expect(radius).toBe(gaussianRadius(lower));
      expect(upperRadius).toBe(gaussianRadius(upper));
    });
    expect(seen[0]?.upperRadius).toBe(Infinity);
  });

  it('only gains from more checks', () => {
    const votes = fc.array(fc.constantFrom(0, 1, 1, 1, 1, -1), { minLength: 120, maxLength: 120 });
    fc.assert(
      fc.property(votes, fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 6 }), (list, often, times) => {
        const rule = anytimeRadius({ stops: all });
        const context = contextOf({ n: 120, alpha: 0.05 });
        const more = play(rule, context, list, often);
        const less = play(rule, context, list, often * times);
        // Both stop early only where nothing can be proven.
        if (less.result.radius > 0) expect(more.result.lower.p).toBeGreaterThanOrEqual(less.result.lower.p);
        expect(more.result.radius).toBeGreaterThanOrEqual(less.result.radius);
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it('pays for being valid at any time, a little with mass near one', () => {
    for (const n of [1000, 10_000, 100_000]) {
      const radius = (prior: 'near-one' | 'jeffreys') => {
        const run = anytimeRadius({ stops: all, prior }).begin(contextOf({ n }));
        run.check({ counts: [0, n], used: n });
        return run.result({ counts: [0, n], used: n }).radius;
      };
      const fixed = fixedSample()
        .begin(contextOf({ n }))
        .result({ counts: [0, n], used: n }).radius;
      // Radius over sigma; the last digit of each is uncertain by one.
      const stated = { 1000: [2.463, 2.295, 2.427], 10_000: [3.199, 3.034, 3.161], 100_000: [3.811, 3.648, 3.772] }[n]!;
      [fixed, radius('jeffreys'), radius('near-one')].forEach((found, i) => {
        expect(Math.abs(found - stated[i]!)).toBeLessThan(0.001);
      });
    }
  });

  it('counts samples that could not be drawn as misses', () => {
    const misses = play(anytimeRadius({ stops: all }), contextOf(), votesOf([-1, 40], [1, 960]));
    expect(misses.result).toEqual(play(anytimeRadius({ stops: all }), contextOf(), votesOf([0, 40], [1, 960])).result);
  });

  it('ends where no bound above one half is in reach, and says so', () => {
    const { result, stop, used } = play(anytimeRadius({ stops: all }), contextOf(), spread([900, 100]));
    expect(stop).toBe('out-of-reach');
    expect(result).toMatchObject({ radius: 0, reason: 'out-of-reach' });
    expect(used).toBeLessThan(600);
  });

  it('abstains where a stop comes before anything is proven', () => {
    const rule = anytimeRadius({ stops: [stopAtSamples({ samples: 10 })] });
    const { result, stop, used } = play(rule, contextOf(), spread([300, 700]));
    expect({ stop, used }).toEqual({ stop: 'stop-at-samples', used: 10 });
    expect(result).toMatchObject({ radius: 0, reason: 'low-confidence' });
  });

  it('stops sooner with the votes of the selection sample as prior, and is right with each prior', () => {
    const votes = spread([1000, 9000]);
    const used = (['selection', 'jeffreys', 'near-one'] as const).map((prior) => {
      const rule = anytimeRadius({ stops: [stopAtRadius({ radius: 1.1 })], prior });
      const context = contextOf({ n: 10_000, countsSelection: [10, 90] });
      const { result, used } = play(rule, context, votes, 10);
      expect(result.radius).toBeGreaterThanOrEqual(1.1);
      return used;
    });
    expect(Math.min(...used)).toBe(used[0]);
  });

  it('writes its parameters with their defaults', () => {
    expect(anytimeRadius({ stops: [stopAtWidth({ width: 0.1 })] })).toMatchObject({
      name: 'anytime-radius',
      parameters: { stops: [{ name: 'stop-at-width', parameters: { width: 0.1 } }], prior: 'near-one' },
    });
  });
});
