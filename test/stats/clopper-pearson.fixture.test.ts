import jstat from 'jstat';
import { describe, expect, it } from 'vitest';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../src/stats/clopper-pearson.ts';
import { TOLERANCE } from './clopper-pearson-checks.ts';
import { compareToDecimal } from './exact-binomial-tail.ts';
import { readFixture } from './read-fixture.ts';

interface LowerRow {
  k: number;
  n: number;
  alpha: number;
  p_lower: string;
  q: string;
  q_double: number;
  abstain: boolean;
}
interface UpperRow {
  k: number;
  n: number;
  alpha: number;
  p_upper: string;
  one_minus: string;
}
const reference = readFixture<{ clopper_pearson_lower: LowerRow[]; clopper_pearson_upper: UpperRow[] }>(
  'stat_reference.json',
);
const extra = readFixture<{ clopper_pearson: [number, number, number, string, string][] }>('stats_extra.json');

describe('clopperPearsonLowerBound, reference values', () => {
  it.each(reference.clopper_pearson_lower)('k = $k, n = $n, alpha = $alpha', ({ k, n, alpha, p_lower, q, abstain }) => {
    const bound = clopperPearsonLowerBound(k, n, alpha);
    expect(compareToDecimal(bound.p, p_lower)).toBeLessThanOrEqual(0);
    expect(compareToDecimal(bound.q, q)).toBeGreaterThanOrEqual(0);
    expect(bound.q).toBeLessThanOrEqual(Number(q) * (1 + TOLERANCE));
    expect(bound.p <= 0.5).toBe(abstain);
  });

  it('the 465 extra rows, n up to 1e12 and alpha from 1e-300 to 0.999', () => {
    let largest = 0;
    for (const [k, n, alpha, p, q] of extra.clopper_pearson) {
      const bound = clopperPearsonLowerBound(k, n, alpha);
      expect(compareToDecimal(bound.p, p), `p at ${k}, ${n}, ${alpha}`).toBeLessThanOrEqual(0);
      expect(compareToDecimal(bound.q, q), `q at ${k}, ${n}, ${alpha}`).toBeGreaterThanOrEqual(0);
      if (Number(p) > 1e-306) expect(bound.p).toBeGreaterThanOrEqual(Number(p) * (1 - TOLERANCE));
      largest = Math.max(largest, bound.q / Number(q) - 1);
    }
    expect(largest).toBeLessThan(2e-11); // measured: 4.9e-12
  });

  it('refines jstat, which alone exceeds the exact bound in a fifth of the rows', () => {
    const errors = reference.clopper_pearson_lower
      .filter(({ k }) => k > 0)
      .map(({ k, n, alpha, q_double }) => (1 - jstat.ibetainv(alpha, k, n - k + 1)) / q_double - 1)
      .filter(Number.isFinite); // at alpha = 1e-300 it gives NaN
    expect(errors.filter((error) => error < -1e-13)).toHaveLength(12);
    expect(Math.min(...errors)).toBeLessThan(-6e-10);
    expect(Math.max(...errors)).toBeGreaterThan(6); // k = n = 1e5, alpha = 1e-12: q seven times too large
  });
});

describe('clopperPearsonUpperBound, reference values', () => {
  it.each(reference.clopper_pearson_upper)('k = $k, n = $n, alpha = $alpha', ({ k, n, alpha, p_upper, one_minus }) => {
    const bound = clopperPearsonUpperBound(k, n, alpha);
    expect(compareToDecimal(bound.p, p_upper)).toBeGreaterThanOrEqual(0);
    expect(compareToDecimal(bound.q, one_minus)).toBeLessThanOrEqual(0);
    expect(bound.p).toBeLessThanOrEqual(Number(p_upper) * (1 + TOLERANCE));
  });
});
