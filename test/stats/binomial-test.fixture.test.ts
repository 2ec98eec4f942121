import { describe, expect, it } from 'vitest';
import { binomialTest } from '../../src/stats/binomial.ts';
import { compareToDecimal } from './exact-binomial-tail.ts';
import { readFixture } from './read-fixture.ts';

interface Row {
  count1: number;
  count2: number;
  p_value: string;
  p_value_double: number;
  predict_at_alpha_0_001: boolean;
}
const reference = readFixture<{ binom_test_two_sided_p_half: Row[] }>('stat_reference.json');
const extra = readFixture<{ binomial_test: [number, number, string][] }>('stats_extra.json');

describe('binomialTest, reference values', () => {
  it.each(reference.binom_test_two_sided_p_half)('$count1 against $count2', (row) => {
    const p = binomialTest(row.count1, row.count2);
    expect(compareToDecimal(p, row.p_value) >= 0 || Number(row.p_value) < 1e-308 || p === row.p_value_double).toBe(
      true,
    );
    expect(Math.abs(p - row.p_value_double)).toBeLessThanOrEqual(1e-12 * row.p_value_double);
    expect(p <= 0.001).toBe(row.predict_at_alpha_0_001);
  });

  it('the extra rows, n up to 1e9 and p-values down to 1e-290: never below, by less than 1e-12 above up to n = 1e6', () => {
    for (const [count1, count2, text] of extra.binomial_test) {
      const p = binomialTest(count1, count2);
      expect(compareToDecimal(p, text), `${count1}, ${count2}`).toBeGreaterThanOrEqual(0);
      expect(p / Number(text) - 1).toBeLessThan(count1 + count2 > 2e6 ? 1e-11 : 1e-12);
    }
  });
});
