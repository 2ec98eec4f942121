import { describe, expect, it } from 'vitest';
import { nullCases } from './crossing-cases.ts';
import { crossingProbability } from './crossing-probability.ts';

// Exact, so without any margin: the probability that a rule which sees every vote ever claims too much within 8000 samples.
const alpha = 0.001;
const n = 8000;

describe.each([0.501, 0.6, 0.8, 0.95, 0.99, 0.998])('exact probability of a wrong certificate at p = %d', (p) => {
  it.each(Object.entries(nullCases(p, n)))('is at most alpha for %s', (_, one) => {
    const crossed = crossingProbability({ ...one, p, n, alpha });
    expect(crossed).toBeGreaterThan(0);
    expect(crossed).toBeLessThanOrEqual(alpha);
  });
});
