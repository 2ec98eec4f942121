import { describe, expect, it } from 'vitest';
import { ladder } from '../../src/certify/ladder.ts';
import { oracleTest } from '../../src/certify/oracle-test.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../src/stats/clopper-pearson.ts';
import { normalCdf } from '../../src/stats/normal.ts';
import { contextOf, gaussianRadius, play, probabilityRadius, spread, votesOf } from './play.ts';

describe('ladder', () => {
  const sizes = [100, 300, 1000];

  it('looks at its sizes only, with alpha shared among them', () => {
    // 97 of 100 prove p > 0.8413 at alpha / 3 only from some size on.
    const votes = spread([80, 920]);
    const { result, stop, used } = play(ladder({ radius: 1, sizes }), contextOf(), votes, 10);
    const bound = (n: number) => clopperPearsonLowerBound(Math.round(0.92 * n), n, 0.001 / 3);
    expect(gaussianRadius(bound(100))).toBeLessThan(1);
    expect(gaussianRadius(bound(300))).toBeGreaterThan(1);
    expect({ stop, used }).toEqual({ stop: 'decided', used: 300 });
    expect(result).toEqual({
      cAHat: 1,
      radius: 1,
      reason: 'certified',
      lower: bound(300),
      bound: 'clopper-pearson',
      steps: [{ radius: 1, nA: 276, n: 300 }],
    });
  });

  it('declines where the upper bound at beta / (s − 1) does not give the radius', () => {
    const votes = spread([320, 680]);
    const { result, used } = play(ladder({ radius: 1, sizes }), contextOf(), votes, 10);
    const upper = (n: number) => clopperPearsonUpperBound(Math.round(0.68 * n), n, 0.001 / 2);
    expect(gaussianRadius(upper(100))).toBeLessThan(1);
    expect(used).toBe(100);
    expect(result).toMatchObject({ reason: 'declined', radius: 0, steps: [] });
  });

  it('ends undecided after the last size', () => {
    const votes = spread([160, 840]);
    const open = { reason: 'undecided', radius: 0 };
    expect(play(ladder({ radius: 1, sizes }), contextOf(), votes)).toMatchObject({ stop: 'all-drawn', result: open });
    const shorter = ladder({ radius: 1, sizes: [100, 300] });
    expect(play(shorter, contextOf(), votes)).toMatchObject({ stop: 'last-size', used: 300, result: open });
  });

  it('looks at a size between two checks at the next one, once', () => {
    const { used, result } = play(ladder({ radius: 1, sizes: [95, 300] }), contextOf(), votesOf([1, 1000]), 50);
    expect(used).toBe(100);
    expect(result.lower).toEqual(clopperPearsonLowerBound(100, 100, 0.001 / 2));
    // Both sizes are below the first check: one look.
    const late = play(ladder({ radius: 1, sizes: [95, 300] }), contextOf(), votesOf([1, 1000]), 500);
    expect(late.result.lower).toEqual(clopperPearsonLowerBound(500, 500, 0.001 / 2));
  });

  it('works with one size', () => {
    const { result } = play(ladder({ radius: 1, sizes: [500] }), contextOf(), spread([160, 840]));
    expect(result.reason).toBe('undecided');
  });

  it('writes its parameters with their defaults', () => {
    expect(ladder({ radius: 1, sizes })).toMatchObject({
      name: 'ladder',
      parameters: { radius: 1, sizes, beta: 0.001 },
    });
  });
});

describe('oracleTest', () => {
  /** First n at which the log-likelihood ratio of p1 against p0 is outside (low, high), for unanimous or spread votes. */
  const walk = (votes: readonly number[], p1: number, p0: number, low: number, high: number) => {
    let log = 0;
    for (const [i, vote] of votes.entries()) {
      log += vote === 1 ? Math.log(p1 / p0) : Math.log((1 - p1) / (1 - p0));
      if (log >= high || log <= low) return i + 1;
    }
    return votes.length;
  };
  const limit = Math.log(1000);
  const p0 = normalCdf(1);

  it.each([0.86, 0.93, 0.999])('certifies at 1 / alpha if p1 = %d is above p0', (p1) => {
    const context = contextOf({ n: 10_000 });
    const votes = spread([Math.round(1e4 * (1 - p1)), Math.round(1e4 * p1)]);
    const { result, used, stop } = play(oracleTest({ radius: 1, probability: p1 }), context, votes, 1);
    expect(used).toBe(walk(votes, p1, p0, -limit, limit));
    expect(stop).toBe('decided');
    expect(result).toMatchObject({ reason: 'certified', radius: 1, bound: 'likelihood-ratio' });
    expect(gaussianRadius(result.lower)).toBeGreaterThanOrEqual(1);
    expect(result.lower.p).toBeCloseTo(p0, 12);
  });

  it('declines at beta if the votes speak against p1 > p0', () => {
    const votes = spread([400, 600]);
    const { result, used } = play(oracleTest({ radius: 1, probability: 0.9, beta: 0.01 }), contextOf(), votes, 1);
    expect(used).toBe(walk(votes, 0.9, p0, Math.log(0.01), limit));
    expect(result).toMatchObject({ reason: 'declined', radius: 0, steps: [] });
  });

  it('declines at 1 / beta if p1 is below p0, and never certifies then', () => {
    const votes = spread([300, 700]);
    const { result, used } = play(oracleTest({ radius: 1, probability: 0.7 }), contextOf(), votes, 1);
    expect(used).toBe(walk(votes, 0.7, p0, -Infinity, limit));
    expect(result).toMatchObject({ reason: 'declined', radius: 0 });
    const all = play(oracleTest({ radius: 1, probability: 0.7 }), contextOf(), votesOf([1, 1000]), 10);
    expect(all).toMatchObject({ stop: 'all-drawn', result: { reason: 'undecided', radius: 0 } });
  });

  it('never decides if p1 is p0', () => {
    const context = contextOf({ radius: probabilityRadius });
    const rule = oracleTest({ radius: 0.75, probability: 0.75 });
    for (const votes of [votesOf([1, 1000]), votesOf([0, 1000])]) {
      expect(play(rule, context, votes).result.reason).toBe('undecided');
    }
  });

  it('writes its parameters with their defaults', () => {
    expect(oracleTest({ radius: 1, probability: 0.9 })).toMatchObject({
      name: 'oracle-test',
      parameters: { radius: 1, probability: 0.9, beta: 0.001 },
    });
  });
});
