import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalTailEnclosure, TAIL_BITS } from '../../src/noise/lattice-normals.ts';
import { readFixture } from '../stats/read-fixture.ts';
import { BITS, ERROR, exactTail, fractionOf } from './exact-normal-tail.ts';

/** Fails unless the enclosure at a / b holds the value of the other series, and is as narrow as it is said to be. */
function expectEnclosed(a: bigint, b: bigint): void {
  const { lower, upper } = normalTailEnclosure(a, b);
  const exact = exactTail(a, b);
  const rest = BITS - TAIL_BITS;
  expect(lower << rest <= exact + ERROR, `${a}/${b}: lower end`).toBe(true);
  expect(upper << rest >= exact - ERROR, `${a}/${b}: upper end`).toBe(true);
  expect(upper - lower).toBeLessThanOrEqual(2n);
  expect(lower).toBeGreaterThanOrEqual(0n);
}

describe('the enclosure of the normal tail', () => {
  it('holds the value of another series, for 1701 arguments from 1/100 to 17', () => {
    for (let a = 1n; a <= 1701n; a++) expectEnclosed(a, 100n);
  });

  it('holds it for any fraction', () => {
    const positive = fc.bigInt({ min: 1n, max: 1n << 80n });
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        fc.pre(a <= 17n * b);
        expectEnclosed(a, b);
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it('holds the reference values for doubles (mpmath, 25 digits)', () => {
    const { normal_survival: rows } = readFixture<{ normal_survival: [number, string][] }>('stats_extra.json');
    const positive = rows.filter(([z]) => z > 0);
    expect(positive.length).toBeGreaterThan(100);
    for (const [z, text] of positive) {
      const { lower, upper } = normalTailEnclosure(...fractionOf(z));
      // The table has at least 20 digits; Number() keeps 53 bits, so it is compared by its decimal digits.
      const [digits = '', exponent = '0'] = text.split('e');
      const decimals = digits.split('.')[1]?.length ?? 0;
      const scale = 10n ** BigInt(decimals - Number(exponent));
      const value = BigInt(digits.replace('.', '')) << TAIL_BITS;
      const slack = value / 10n ** 19n + scale;
      expect(lower * scale <= value + slack, `z = ${z}: lower end`).toBe(true);
      expect(upper * scale >= value - slack, `z = ${z}: upper end`).toBe(true);
    }
  });

  it('is [0, 1] far out', () => {
    for (const far of [14n, 15n, 10n ** 300n]) expect(normalTailEnclosure(far, 1n)).toEqual({ lower: 0n, upper: 1n });
  });

  it('is next to one half near 0', () => {
    const half = 1n << 127n;
    const { lower, upper } = normalTailEnclosure(1n, 10n ** 60n);
    expect([lower <= half, upper >= half - 1n, upper - lower <= 2n]).toEqual([true, true, true]);
  });
});
