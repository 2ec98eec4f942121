import { describe, expect, it } from 'vitest';
import { normalCdf, normalQuantile, normalQuantileLower, normalSurvival } from '../../src/stats/normal.ts';
import { compareToDecimal } from './exact-binomial-tail.ts';
import { readFixture } from './read-fixture.ts';

const reference = readFixture<{ normal_upper_quantile: { upper_tail_q: string; z: string }[] }>('stat_reference.json');
const extra = readFixture<{ normal_quantile: [number, string][]; normal_survival: [number, string][] }>(
  'stats_extra.json',
);

/** Largest relative errors measured against 2 600 quantiles and 2 500 tails: 7.8e-16 and 1.3e-15. */
const QUANTILE_ERROR = 2e-15;
const TAIL_ERROR = 3e-15;

const relativeError = (value: number, text: string): number =>
  Number(text) === 0 ? value : Math.abs(value / Number(text) - 1);

describe('normalQuantile, reference values', () => {
  it.each(reference.normal_upper_quantile)('upper tail $upper_tail_q', ({ upper_tail_q, z }) => {
    const q = Number(upper_tail_q);
    // The table's decimal tail is not a double: near 1/2 that alone moves z by up to 1.4e-16.
    const allowed = QUANTILE_ERROR * Number(z) + 1.5e-16;
    expect(Math.abs(normalQuantile({ p: 1 - q, q }) - Number(z))).toBeLessThan(allowed);
    if (q < 0.5) expect(Math.abs(normalQuantile({ p: q, q: 1 - q }) + Number(z))).toBeLessThan(allowed);
    expect(normalQuantileLower({ p: 1 - q, q })).toBeLessThanOrEqual(Number(z) + 1.5e-16);
  });

  it('the extra rows, upper tails from 1e-300 to 1/2 - 1e-15', () => {
    for (const [q, z] of extra.normal_quantile) {
      expect(relativeError(normalQuantile({ p: 1 - q, q }), z), `q = ${q}`).toBeLessThan(QUANTILE_ERROR);
      const lower = normalQuantileLower({ p: 1 - q, q });
      expect(compareToDecimal(lower, z), `q = ${q}`).toBeLessThanOrEqual(0);
      expect(lower).toBeGreaterThan(Number(z) * (1 - 1e-12));
      if (q < 0.5 - 1e-9)
        expect(compareToDecimal(-normalQuantileLower({ p: q, q: 1 - q }), z), `p = ${q}`).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('normalSurvival and normalCdf, reference values', () => {
  it('the extra rows, |z| up to 37.5', () => {
    for (const [z, tail] of extra.normal_survival) {
      expect(relativeError(normalSurvival(z), tail), `z = ${z}`).toBeLessThan(TAIL_ERROR);
      expect(normalCdf(-z)).toBe(normalSurvival(z));
    }
  });
});
