import { describe, expect, it } from 'vitest';
import { median, pairedRatio, rates, significant } from '../../bench/statistics.ts';

describe('statistics of rounds', () => {
  it('median: the middle, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 9, 1, 5])).toBe(7);
    expect(() => median([])).toThrow('at least one');
  });

  it('a paired ratio does not see that the machine was slow in some rounds', () => {
    const slowness = [1, 5, 1.2, 3, 1];
    const [a, b] = [3, 2].map((time) => slowness.map((factor) => factor * time));
    expect(pairedRatio(a!, b!)).toBeCloseTo(1.5, 12);
    expect(() => pairedRatio([1], [1, 2])).toThrow('in pairs');
  });

  it('rates: units in a second of the median and of the fastest round', () => {
    expect(rates(10, [2, 1, 5])).toEqual({ median: 5, best: 10, seconds: [2, 1, 5] });
    expect(significant(12_345.6)).toBe(12_350);
  });
});
