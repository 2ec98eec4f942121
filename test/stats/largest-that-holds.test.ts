import { describe, expect, it } from 'vitest';
import { largestAbove, largestThatHolds } from '../../src/stats/largest-that-holds.ts';
import { normalCdf } from '../../src/stats/index.ts';

const falling: readonly (readonly [string, (r: number) => number])[] = [
  ['a line', (r) => 0.9 - r / 7],
  ['a normal tail', (r) => normalCdf(2 - r)],
  ['a steep tail', (r) => normalCdf(1000 * (0.003 - r))],
  ['a tail far out', (r) => normalCdf((1e6 - r) / 10)],
  ['a mixture with a kink', (r) => 0.3 * normalCdf(4 - r) + 0.7 * Math.max(0, 1 - r / 2)],
  ['a convex fall', (r) => 1 / (1 + r) ** 3],
  ['a concave fall', (r) => 1 - (r / 3) ** 8],
  ['a fall next to 0', (r) => 0.5 + 1e-9 - r],
];

describe('largestAbove', () => {
  it('finds it by bisection where chords do not', () => {
    const stairs = (r: number): number => 1 - Math.floor(r * 4) / 10; // it does not fall continuously
    expect(largestAbove(stairs, 0.5)).toBeCloseTo(1.25, 9);
    expect(stairs(largestAbove(stairs, 0.5))).toBeGreaterThan(0.5);
  });

  it.each(falling)('finds what bisection finds, from below, of %s', (_, f) => {
    let asked = 0;
    const found = largestAbove((r) => {
      asked++;
      return f(r);
    }, 0.5);
    const bisected = largestThatHolds((r) => f(r) > 0.5, 0);
    expect(f(found)).toBeGreaterThan(0.5);
    expect(Math.abs(found / bisected - 1)).toBeLessThan(1e-12 + 1e-15 / bisected);
    // Where the value itself has lost the digits that decide, it is bisected after all.
    const most = bisected < 1e-6 ? 80 : 30 + Math.max(0, Math.log2(bisected));
    expect(asked).toBeLessThan(most);
  });

  it('is 0 where nothing is above, and Infinity where everything is', () => {
    expect(largestAbove(() => 0.5, 0.5)).toBe(0);
    expect(largestAbove(() => NaN, 0.5)).toBe(0);
    expect(largestAbove(() => 0.6, 0.5)).toBe(Infinity);
    expect(largestThatHolds(() => true, 0)).toBe(Infinity);
  });
});
