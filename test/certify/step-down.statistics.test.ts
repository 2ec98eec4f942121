import { describe, expect, it } from 'vitest';
import { createKey, fillUniforms, foldIn, stepDown } from '../../src/index.ts';
import { levelOf } from '../../src/certify/step-down.ts';
import { clopperPearsonLowerBound, logMixtureEvidence } from '../../src/stats/index.ts';
import { ALPHA, correlatedCounts, rejected } from './step-down-counts.ts';

// All keys are fixed, so each test passes always or never. Of keys chosen at random one in 3e5 would raise a false alarm at a bound of 4.5 standard errors.
const SIGMAS = 4.5;

/** The largest share of so many runs that a true probability of p explains. */
const most = (p: number, runs: number): number => p + SIGMAS * Math.sqrt((p * (1 - p)) / runs);

/** Draws of Bin(n, p) by the inverse of its distribution. */
function binomials(n: number, p: number): (uniform: number) => number {
  const below: number[] = [];
  let [mass, sum] = [(1 - p) ** n, 0];
  if (mass === 0) throw new RangeError('too small');
  for (let k = 0; k <= n; k++) {
    sum += mass;
    below.push(sum);
    mass *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
  return (uniform) => {
    let [low, high] = [0, n];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (below[middle]! > uniform) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

describe('false certificates', () => {
  it.each([
    { components: 1000, nulls: 1000, n: 100, tau: 0.75, runs: 1000, correction: 'holm', shown: 0.0409 },
    { components: 1000, nulls: 1000, n: 100, tau: 0.75, runs: 1000, correction: 'bonferroni', shown: 0.0414 },
    { components: 1000, nulls: 500, n: 300, tau: 0.9, runs: 1000, correction: 'holm', shown: 0.0454 },
    { components: 1000, nulls: 500, n: 300, tau: 0.9, runs: 1000, correction: 'bonferroni', shown: 0.0145 },
  ] as const)(
    'are rare: $correction, $nulls of $components independent components at tau = $tau ($shown of 0.05)',
    ({ components, nulls, n, tau, runs, correction, shown }) => {
      const draw = binomials(n, tau);
      const uniforms = new Float32Array(nulls);
      const counts = new Int32Array(components).fill(n);
      let failures = 0;
      for (let run = 0; run < runs; run++) {
        fillUniforms(uniforms, { key: foldIn(createKey(21), run), start: 0, dimension: nulls });
        for (let i = 0; i < nulls; i++) counts[i] = draw(uniforms[i]!);
        failures += rejected(counts, n, tau, correction) > components - nulls ? 1 : 0;
      }
      expect(failures / runs).toBeLessThan(most(ALPHA, runs));
      // And not far from what others have found, so that no test is idle.
      expect(failures / runs).toBeGreaterThan(shown - SIGMAS * Math.sqrt((shown * (1 - shown)) / runs));
      expect(failures / runs).toBeLessThan(most(shown, runs));
    },
  );

  it('are rare where votes depend on each other: half of 200 components, correlation 0.5', () => {
    const [components, nulls, n, tau, runs] = [200, 100, 100, 0.75, 400];
    let [holm, bonferroni] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const counts = new Int32Array(components).fill(n);
      counts.set(correlatedCounts(nulls, n, tau, 0.5, run));
      holm += rejected(counts, n, tau, 'holm') > components - nulls ? 1 : 0;
      bonferroni += rejected(counts, n, tau, 'bonferroni') > components - nulls ? 1 : 0;
    }
    expect(holm / runs).toBeLessThan(most(ALPHA, runs));
    expect(bonferroni / runs).toBeLessThan(most(ALPHA / 2, runs));
    expect(bonferroni).toBeLessThanOrEqual(holm);
    expect(holm).toBeGreaterThan(0);
  });

  it('are rare when the sampling stops at any of twenty looks (0.0070 of 0.05), and are not with the test of a fixed sample', () => {
    const [components, tau, runs, every, looks] = [200, 0.75, 1500, 25, 20];
    const draw = binomials(every, tau);
    const level = levelOf(1, components, { alpha: ALPHA, correction: 'holm', allowedErrors: 0 });
    const prior = [{ weight: 1, a: 0.5, b: 0.5 }];
    const leastOf = (n: number, holds: (count: number) => boolean): number => {
      let count = n;
      while (count > 0 && holds(count - 1)) count--;
      return holds(count) ? count : Infinity;
    };
    const least = Array.from({ length: looks }, (_, look) => {
      const n = (look + 1) * every;
      return {
        any: leastOf(n, (c) => logMixtureEvidence(prior, c, n, { p: tau, q: 1 - tau }, 'above') >= -Math.log(level)),
        fixed: leastOf(n, (c) => clopperPearsonLowerBound(c, n, level).p >= tau),
      };
    });
    // The same critical counts as `stepDown` has.
    least.forEach(({ any }, look) => {
      const n = (look + 1) * every;
      const certified = (count: number): number =>
        stepDown(
          [
            [count, 1],
            [0, components - 1],
          ],
          { n, tau, alpha: ALPHA, evidence: 'beta-mixture' },
        ).certified;
      if (any === Infinity) return;
      expect([certified(any), certified(any - 1)]).toEqual([1, 0]);
    });
    const uniforms = new Float32Array(components * looks);
    let [any, fixed] = [0, 0];
    for (let run = 0; run < runs; run++) {
      fillUniforms(uniforms, { key: foldIn(createKey(23), run), start: 0, dimension: uniforms.length });
      const counts = new Int32Array(components);
      let [hasAny, hasFixed] = [false, false];
      for (let look = 0; look < looks; look++) {
        let top = 0;
        for (let i = 0; i < components; i++)
          top = Math.max(top, (counts[i]! += draw(uniforms[look * components + i]!)));
        hasAny ||= top >= least[look]!.any;
        hasFixed ||= top >= least[look]!.fixed;
      }
      any += hasAny ? 1 : 0;
      fixed += hasFixed ? 1 : 0;
    }
    expect(any / runs).toBeLessThan(ALPHA);
    expect(any / runs).toBeGreaterThan(0);
    expect(fixed / runs).toBeGreaterThan(most(ALPHA, runs));
  });
});
