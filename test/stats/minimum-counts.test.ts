import { describe, expect, it } from 'vitest';
import { binomialTest } from '../../src/stats/binomial.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import {
  minimumCountToCertify,
  minimumSamplesToCertify,
  minimumSamplesToPredict,
} from '../../src/stats/minimum-samples.ts';
import { compare, exactly, exactTail } from './exact-binomial-tail.ts';
import { readFixture } from './read-fixture.ts';

const { abstain_thresholds: thresholds } = readFixture<{
  abstain_thresholds: { n: number; alpha: number; min_k_not_abstain: number }[];
}>('stat_reference.json');
const { minimum_count: extra } = readFixture<{ minimum_count: [number, number, number | null][] }>('stats_extra.json');

describe('minimumCountToCertify', () => {
  it.each(thresholds)('equals the table at n = $n, alpha = $alpha', ({ n, alpha, min_k_not_abstain }) => {
    expect(minimumCountToCertify(n, alpha)).toBe(min_k_not_abstain);
  });

  it('equals the extra table, n up to 1e9 and alpha from 1e-300 to 0.3', () => {
    for (const [n, alpha, k] of extra) expect(minimumCountToCertify(n, alpha) ?? null, `${n}, ${alpha}`).toBe(k);
  });

  it('is where the exact tail at 1/2 falls below alpha, and where the bound passes 1/2', () => {
    for (const alpha of [1e-12, 0.001, 0.05, 0.3]) {
      for (let n = 1; n <= 150; n++) {
        let exact: number | undefined;
        for (let k = n; k > 0 && compare(exactTail(k, n, { p: 0.5 }), exactly(alpha)) < 0; k--) exact = k;
        const found = minimumCountToCertify(n, alpha);
        expect(found, `n = ${n}, alpha = ${alpha}`).toBe(exact);
        if (found === undefined) continue;
        expect(clopperPearsonLowerBound(found, n, alpha).p).toBeGreaterThan(0.5);
        expect(clopperPearsonLowerBound(found - 1, n, alpha).p).toBeLessThanOrEqual(0.5);
      }
    }
  });

  it('is undefined where not even unanimous votes certify', () => {
    expect(minimumCountToCertify(0, 0.001)).toBeUndefined();
    expect(minimumCountToCertify(9, 0.001)).toBeUndefined();
    expect(minimumCountToCertify(10, 0.001)).toBe(10);
  });
});

describe('the least numbers of samples', () => {
  it.each([
    [0.001, 10, 11],
    [0.01, 7, 8],
    [0.05, 5, 6],
    [0.5, 2, 2],
    [0.6, 1, 2],
    [2 ** -10, 11, 11],
    [1e-300, 997, 998],
  ])('at alpha = %d: %d to certify, %d to predict', (alpha, certify, predict) => {
    expect(minimumSamplesToCertify(alpha)).toBe(certify);
    expect(minimumSamplesToPredict(alpha)).toBe(predict);
  });

  it('are the borders of what they stand for', () => {
    for (const alpha of [1e-9, 0.001, 0.003, 0.1, 0.25]) {
      const certify = minimumSamplesToCertify(alpha);
      expect(minimumCountToCertify(certify, alpha)).toBe(certify);
      expect(minimumCountToCertify(certify - 1, alpha)).toBeUndefined();
      const predict = minimumSamplesToPredict(alpha);
      expect(binomialTest(predict, 0)).toBeLessThanOrEqual(alpha);
      expect(binomialTest(predict - 1, 0)).toBeGreaterThan(alpha);
    }
  });
});
