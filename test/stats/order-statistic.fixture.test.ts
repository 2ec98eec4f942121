import { describe, expect, it } from 'vitest';
import { lowerOrderStatistic, shiftDown } from 'catrs/stats';
import golden from '../fixtures/families/outputs-quantile.json' with { type: 'json' };

/** How far a value is from an exact one given as text, relative; above 0 where the value is larger. */
const relative = (value: number, exact: string): number => (value - Number(exact)) / Number(exact);

describe('the shift of a probability', () => {
  it.each(golden.indices)('is never above the exact one, and within 1e-12: $percentile, $radiusOverSigma', (row) => {
    const { percentile: p, radiusOverSigma: rho } = row;
    for (const [bound, exact] of [
      [{ p, q: 1 - p }, row.pLower],
      [{ p: 1 - p, q: p }, row.pUpperComplement],
    ] as const) {
      const shifted = shiftDown(bound, rho);
      expect(relative(shifted.p, exact)).toBeLessThanOrEqual(1e-16);
      expect(relative(shifted.p, exact)).toBeGreaterThan(-1e-12);
      // One spacing of doubles below 1: the larger part is rounded down from the complement of the other.
      expect(shifted.p + shifted.q).toBeGreaterThanOrEqual(1 - 2 ** -53);
    }
  });

  it('leaves everything as it is at 0, and nothing at infinity', () => {
    expect(shiftDown({ p: 0.3, q: 0.7 }, 0)).toEqual({ p: 0.3, q: 0.7 });
    expect(shiftDown({ p: 0.3, q: 0.7 }, Infinity)).toEqual({ p: 0, q: 1 });
    expect(shiftDown({ p: 1, q: 0 }, 5)).toEqual({ p: 1, q: 0 });
    expect(shiftDown({ p: 0, q: 1 }, 5)).toEqual({ p: 0, q: 1 });
  });

  it.each([-1, NaN])('refuses a radius of %s', (rho) => {
    expect(() => shiftDown({ p: 0.5, q: 0.5 }, rho)).toThrow(
      `shiftDown: \`rho\` must be a number of at least 0, got ${rho}`,
    );
  });
});

describe('the order statistic below a quantile', () => {
  it.each(golden.indices)('is the golden one: n = $n, $percentile, $radiusOverSigma', (row) => {
    const { percentile: p, radiusOverSigma: rho, n, alphaSide } = row;
    const lower = lowerOrderStatistic(n, shiftDown({ p, q: 1 - p }, rho), alphaSide);
    expect(lower === 0 ? null : lower).toBe(row.lowerIndex);
    const mirror = lowerOrderStatistic(n, shiftDown({ p: 1 - p, q: p }, rho), alphaSide);
    expect(mirror === 0 ? null : n + 1 - mirror).toBe(row.upperIndex);
  });

  it.each(golden.manyOutputs)('is the golden one of $outputs outputs', (row) => {
    const { percentile: p, radiusOverSigma: rho, n, alphaSide } = row;
    expect(lowerOrderStatistic(n, shiftDown({ p, q: 1 - p }, rho), alphaSide)).toBe(row.lowerIndex);
  });
});
