import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { countWrongCertificates, mostWrong } from './linear-runs.ts';

// As linear.statistics.test.ts, with more keys. False alarm: 1e-9 for each row.
const FALSE_ALARM = 1e-9;

describe('certificates of a linear classifier, many keys', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([
    { distance: 0.001, runs: 20_000, n: 100, alpha: 0.1, seed: 11 },
    { distance: 0.02, runs: 10_000, n: 500, alpha: 0.05, seed: 12 },
    { distance: 0.1, runs: 20_000, n: 100, alpha: 0.1, seed: 13 },
    { distance: 0.4, runs: 10_000, n: 1000, alpha: 0.05, seed: 14 },
    { distance: 0.6, runs: 10_000, n: 1000, alpha: 0.01, seed: 15 },
  ])('exceed the true radius no more often than alpha (distance $distance, alpha $alpha)', async (settings) => {
    const { wrong, naive } = await countWrongCertificates(settings);
    const most = mostWrong(settings.runs, settings.alpha, FALSE_ALARM);
    expect(wrong).toBeLessThanOrEqual(most);
    expect(naive).toBeGreaterThan(most);
  });
});
