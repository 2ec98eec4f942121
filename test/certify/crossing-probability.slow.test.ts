import { describe, expect, it } from 'vitest';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
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

describe('exact probability of a wrong certificate, whatever the time', () => {
  it.each([
    [0.6, 6.5e-4],
    [0.8, 5.2e-4],
    [0.95, 2.5e-4],
    [0.99, 9e-5],
  ])('is that of the betting sequence in the literature within 8000 samples, p0 %d', (p, stated) => {
    // Its program tests against 1 / (2 alpha).
    const rule = fixedRadius({ radius: p, prior: 'jeffreys', evidence: 'betting', finalShare: 0 });
    const found = crossingProbability({ rule, p, n: 8000, alpha: 2 * alpha });
    expect(Math.abs(found - stated)).toBeLessThan(stated * 0.06);
    expect(crossingProbability({ rule, p, n: 8000, alpha })).toBeLessThan(0.55 * found);
  });
});
