import { describe, expect, it } from 'vitest';
import { choose, compare, compareToDecimal, exactly, exactTail } from './exact-binomial-tail.ts';

describe('the exact twin itself', () => {
  it('gives dyadic tails to within one unit of a double', () => {
    const tails = [
      // P(Bin(3, 1/4) >= 2) = 3 · 1/16 · 3/4 + 1/64 = 10/64
      [exactTail(2, 3, { p: 0.25 }), 10 / 64],
      [exactTail(2, 3, { q: 0.75 }), 10 / 64],
      [exactTail(1, 1, { p: 2 ** -60 }), 2 ** -60],
      [exactTail(500, 1000, { q: 0.5 }, choose(1000, 500)), 0.5126125090891804],
    ] as const;
    for (const [tail, value] of tails) {
      expect(compare(tail, exactly(value * (1 - 2 ** -52)))).toBe(1);
      expect(compare(tail, exactly(value * (1 + 2 ** -52)))).toBe(-1);
    }
  });

  it('orders numbers and binomial coefficients', () => {
    expect(compare(choose(10, 3), exactly(119.999))).toBe(1);
    expect(compare(choose(10, 3), exactly(120.001))).toBe(-1);
    expect(compareToDecimal(0.1, '0.1')).toBe(1); // the double 0.1 is a little above
    expect(compareToDecimal(0.3, '0.3')).toBe(-1);
    expect(compareToDecimal(0.5, '5.0e-1')).toBe(0);
  });
});
