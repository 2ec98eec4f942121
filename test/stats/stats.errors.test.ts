import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { binomialTest } from '../../src/stats/binomial-test.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson-lower-bound.ts';
import { clopperPearsonUpperBound } from '../../src/stats/clopper-pearson-upper-bound.ts';
import { meanInterval } from '../../src/stats/mean-interval.ts';
import { minimumCountToCertify } from '../../src/stats/minimum-count-to-certify.ts';
import { minimumSamplesToCertify } from '../../src/stats/minimum-samples-to-certify.ts';
import { minimumSamplesToPredict } from '../../src/stats/minimum-samples-to-predict.ts';
import { normalCdf, normalSurvival } from '../../src/stats/normal-distribution.ts';
import { normalQuantile } from '../../src/stats/normal-quantile.ts';
import { normalQuantileLower } from '../../src/stats/normal-quantile-lower.ts';
import { studentTQuantile } from '../../src/stats/student-t-quantile.ts';

const cases: readonly (readonly [() => unknown, string])[] = [
  [
    () => clopperPearsonLowerBound(101, 100, 0.1),
    'clopperPearsonLowerBound: `k` must be an integer in [0, n] with n = 100, got 101',
  ],
  [
    () => clopperPearsonLowerBound(-1, 100, 0.1),
    'clopperPearsonLowerBound: `k` must be an integer in [0, n] with n = 100, got -1',
  ],
  [
    () => clopperPearsonLowerBound(0.5, 100, 0.1),
    'clopperPearsonLowerBound: `k` must be an integer in [0, n] with n = 100, got 0.5',
  ],
  [
    () => clopperPearsonLowerBound(1, NaN, 0.1),
    'clopperPearsonLowerBound: `n` must be an integer in [0, 1e12], got NaN',
  ],
  [
    () => clopperPearsonLowerBound(1, 2e12, 0.1),
    'clopperPearsonLowerBound: `n` must be an integer in [0, 1e12], got 2000000000000',
  ],
  [() => clopperPearsonLowerBound(1, 2, 0), 'clopperPearsonLowerBound: `alpha` must be in (0, 1), got 0'],
  [() => clopperPearsonLowerBound(0, 2, 1), 'clopperPearsonLowerBound: `alpha` must be in (0, 1), got 1'],
  [() => clopperPearsonLowerBound(1, 2, NaN), 'clopperPearsonLowerBound: `alpha` must be in (0, 1), got NaN'],
  [
    () => clopperPearsonUpperBound(3, 2, 0.1),
    'clopperPearsonUpperBound: `k` must be an integer in [0, n] with n = 2, got 3',
  ],
  [() => clopperPearsonUpperBound(2, 2, 1.5), 'clopperPearsonUpperBound: `alpha` must be in (0, 1), got 1.5'],
  [() => binomialTest(-1, 0), 'binomialTest: `count1` must be an integer in [0, 1e12], got -1'],
  [() => binomialTest(1, 0.5), 'binomialTest: `count2` must be an integer in [0, 1e12], got 0.5'],
  [() => minimumCountToCertify(1.5, 0.1), 'minimumCountToCertify: `n` must be an integer in [0, 1e12], got 1.5'],
  [() => minimumCountToCertify(0, 2), 'minimumCountToCertify: `alpha` must be in (0, 1), got 2'],
  [() => minimumSamplesToCertify(0), 'minimumSamplesToCertify: `alpha` must be in (0, 1), got 0'],
  [() => minimumSamplesToPredict(1), 'minimumSamplesToPredict: `alpha` must be in (0, 1), got 1'],
  [() => normalCdf(NaN), 'normalCdf: `z` must be a number, got NaN'],
  [() => normalSurvival('1' as unknown as number), 'normalSurvival: `z` must be a number, got "1"'],
  [
    () => normalQuantile({ p: 0.5, q: 0.4 }),
    'normalQuantile: `bound` must hold p and q in [0, 1] with p + q = 1 to 1e-9, got { p: 0.5, q: 0.4 }',
  ],
  [
    () => normalQuantileLower({ p: 1.5, q: -0.5 }),
    'normalQuantileLower: `bound` must hold p and q in [0, 1] with p + q = 1 to 1e-9, got { p: 1.5, q: -0.5 }',
  ],
  [() => studentTQuantile(1, 3), 'studentTQuantile: `probability` must be in (0, 1), got 1'],
  [
    () => studentTQuantile(0.5, 0),
    'studentTQuantile: `degreesOfFreedom` must be a finite number greater than 0, got 0',
  ],
  [() => meanInterval([1]), 'meanInterval: `values` must be at least 2 finite numbers, got [1]'],
  [() => meanInterval([1, NaN]), 'meanInterval: `values` must be at least 2 finite numbers, got [1, NaN]'],
  [() => meanInterval([1, 2], 1), 'meanInterval: `level` must be in (0, 1), got 1'],
];

describe('errors of stats', () => {
  it.each(cases)('%#: %s', (call, text) => {
    expect(call).toThrow(OptionError);
    expect(call).toThrow(text);
  });
});
