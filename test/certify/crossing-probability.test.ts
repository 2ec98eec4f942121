import { describe, expect, it } from 'vitest';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { nullCases } from './crossing-cases.ts';
import { crossingProbability } from './crossing-probability.ts';
import { peeking } from './failure-cases.ts';

// crossing-probability.slow.test.ts goes to 8000 samples, to other probabilities, and to the figures of the literature.
const alpha = 0.001;
const n = 800;

describe('exact probability of a wrong certificate, whatever the time', () => {
  it.each(Object.entries(nullCases(0.8, n)))('is at most alpha for %s', (_, one) => {
    const crossed = crossingProbability({ ...one, p: 0.8, n, alpha });
    expect(crossed).toBeLessThanOrEqual(alpha);
    expect(crossed).toBeGreaterThan(alpha / 20);
  });

  it('is above alpha if a fixed-sample bound is looked at every time', () => {
    expect(crossingProbability({ rule: peeking, p: 0.8, n, alpha })).toBeGreaterThan(5 * alpha);
  });

  it('of a decline is at most beta', () => {
    for (const options of [{}, { prior: 'jeffreys' }, { prior: 'jeffreys', evidence: 'betting' }] as const) {
      const rule = fixedRadius({ radius: 0.8, beta: 0.01, finalShare: 0, ...options });
      const context = { countsSelection: [20, 80], cAHat: 1 };
      const declined = crossingProbability({ rule, p: 0.8, n, alpha, fear: 'declined', context });
      expect(declined).toBeLessThanOrEqual(0.01);
      expect(declined).toBeGreaterThan(0.0005);
    }
  });
});
