import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { countWrongCertificates, mostWrong } from './linear-runs.ts';

// sigma is 0.25. False alarm: 1e-6 for each row, if certificates are wrong with probability alpha; the keys are fixed.
const FALSE_ALARM = 1e-6;

describe('certificates of a linear classifier', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([
    { distance: 0.005, what: 'nearly null: p = 0.508', runs: 900, n: 100, alpha: 0.1, seed: 1 },
    { distance: 0.1, what: 'p = 0.655', runs: 900, n: 100, alpha: 0.1, seed: 2 },
    { distance: 0.4, what: 'p = 0.945', runs: 900, n: 200, alpha: 0.05, seed: 3 },
  ])('exceed the true radius no more often than alpha ($what)', async ({ what: _, ...settings }) => {
    const { wrong, naive } = await countWrongCertificates(settings);
    const most = mostWrong(settings.runs, settings.alpha, FALSE_ALARM);
    expect(wrong).toBeLessThanOrEqual(most);
    // The test can fail: the same votes without the confidence bound are wrong far more often.
    expect(naive).toBeGreaterThan(most);
  });
});
