import { describe, expect, it } from 'vitest';
import { meanInterval, studentTQuantile } from '../../src/stats/mean-interval.ts';
import { readFixture } from './read-fixture.ts';

const { student_t: rows } = readFixture<{ student_t: [number, number, string][] }>('stats_extra.json');

describe('studentTQuantile', () => {
  it('is within 1e-7 of the reference values', () => {
    for (const [p, degrees, text] of rows)
      expect(Math.abs(studentTQuantile(p, degrees) / Number(text) - 1)).toBeLessThan(1e-7);
  });
});

describe('meanInterval', () => {
  it('gives the mean and the half-width t s / sqrt(m)', () => {
    // Mean 2.5, s² = 5/3, t(0.975; 3) = 3.182446305284263.
    const { mean, low, high } = meanInterval([1, 2, 3, 4]);
    expect(mean).toBe(2.5);
    expect(high - mean).toBeCloseTo(3.182446305284263 * Math.sqrt(5 / 12), 6);
    expect(mean - low).toBeCloseTo(high - mean, 12);
  });

  it('is a point for equal values and wider for a higher level', () => {
    expect(meanInterval([2, 2, 2])).toEqual({ mean: 2, low: 2, high: 2 });
    expect(meanInterval([1, 2], 0.99).high).toBeGreaterThan(meanInterval([1, 2], 0.9).high);
  });
});
