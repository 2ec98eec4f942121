import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { logMixtureEvidence } from '../../src/stats/beta-mixture.ts';
import { binomialQuantile, binomialTest } from '../../src/stats/binomial.ts';
import {
  clopperPearsonLowerBound,
  clopperPearsonUpperBound,
  randomizedClopperPearsonLowerBound,
} from '../../src/stats/clopper-pearson.ts';
import { empiricalBernsteinLowerBound } from '../../src/stats/empirical-bernstein.ts';
import { meanInterval, studentTQuantile } from '../../src/stats/mean-interval.ts';
import {
  minimumCountToCertify,
  minimumSamplesToCertify,
  minimumSamplesToPredict,
} from '../../src/stats/minimum-samples.ts';
import { bettingLowerBound, mixtureLowerBound, mixtureUpperBound } from '../../src/stats/mixture-bounds.ts';
import { normalCdf, normalQuantile, normalQuantileLower, normalSurvival } from '../../src/stats/normal.ts';
import { JEFFREYS } from './priors.ts';

const half = { p: 0.5, q: 0.5 };
const sample = { sum: 5, sumOfSquares: 4, n: 10, alpha: 0.1 };

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
  [
    () => randomizedClopperPearsonLowerBound(3, 2, 0.1, 0.5),
    'randomizedClopperPearsonLowerBound: `k` must be an integer in [0, n] with n = 2, got 3',
  ],
  [
    () => randomizedClopperPearsonLowerBound(1, 2, 0, 0.5),
    'randomizedClopperPearsonLowerBound: `alpha` must be in (0, 1), got 0',
  ],
  [
    () => randomizedClopperPearsonLowerBound(1, 2, 0.1, 0),
    'randomizedClopperPearsonLowerBound: `draw` must be in (0, 1], got 0',
  ],
  [
    () => randomizedClopperPearsonLowerBound(0, 0, 0.1, NaN),
    'randomizedClopperPearsonLowerBound: `draw` must be in (0, 1], got NaN',
  ],
  [
    () => logMixtureEvidence(JEFFREYS, 3, 2, half, 'above'),
    'logMixtureEvidence: `h` must be an integer in [0, n] with n = 2, got 3',
  ],
  [
    () => logMixtureEvidence(JEFFREYS, 1, 2, { p: 1, q: 0 }, 'above'),
    'logMixtureEvidence: `p0` must hold p and q in (0, 1) with p + q = 1 to 1e-9, got { p: 1, q: 0 }',
  ],
  [
    () => logMixtureEvidence(JEFFREYS, 1, 2, { p: 0.5, q: 0.4 }, 'above'),
    'logMixtureEvidence: `p0` must hold p and q in (0, 1) with p + q = 1 to 1e-9, got { p: 0.5, q: 0.4 }',
  ],
  [
    () => logMixtureEvidence(JEFFREYS, 1, 2, half, 'up' as 'above'),
    "logMixtureEvidence: `side` must be 'above' or 'below', got \"up\"",
  ],
  [
    () => logMixtureEvidence([], 1, 2, half, 'above'),
    'logMixtureEvidence: `priors` must have weights that sum to 1, got []',
  ],
  [
    () => logMixtureEvidence([{ weight: 1, a: 0, b: 1 }], 1, 2, half, 'above'),
    'logMixtureEvidence: `priors` must have weights > 0 and a, b in [0.01, 1e9], got { weight: 1, a: 0, b: 1 }',
  ],
  [
    () => mixtureLowerBound([{ weight: -1, a: 1, b: 1 }], 1, 2, 0.1),
    'mixtureLowerBound: `priors` must have weights > 0 and a, b in [0.01, 1e9], got { weight: -1, a: 1, b: 1 }',
  ],
  [
    () => mixtureLowerBound([{ weight: 1, a: 1, b: NaN }], 1, 2, 0.1),
    'mixtureLowerBound: `priors` must have weights > 0 and a, b in [0.01, 1e9], got { weight: 1, a: 1, b: NaN }',
  ],
  [() => mixtureLowerBound(JEFFREYS, 1, 2.5, 0.1), 'mixtureLowerBound: `n` must be an integer in [0, 1e12], got 2.5'],
  [() => mixtureLowerBound(JEFFREYS, 1, 2, 1), 'mixtureLowerBound: `alpha` must be in (0, 1), got 1'],
  [
    () => mixtureUpperBound([{ weight: 0.9, a: 1, b: 1 }], 1, 2, 0.1),
    'mixtureUpperBound: `priors` must have weights that sum to 1, got [0.9]',
  ],
  [
    () => mixtureUpperBound(JEFFREYS, -1, 2, 0.1),
    'mixtureUpperBound: `h` must be an integer in [0, n] with n = 2, got -1',
  ],
  [() => bettingLowerBound(3, 2, 0.1), 'bettingLowerBound: `h` must be an integer in [0, n] with n = 2, got 3'],
  [() => bettingLowerBound(1, 2, 0), 'bettingLowerBound: `alpha` must be in (0, 1), got 0'],
  [
    () => empiricalBernsteinLowerBound({ ...sample, n: 1.5 }),
    'empiricalBernsteinLowerBound: `n` must be an integer in [0, 1e12], got 1.5',
  ],
  [
    () => empiricalBernsteinLowerBound({ ...sample, alpha: 1 }),
    'empiricalBernsteinLowerBound: `alpha` must be in (0, 1), got 1',
  ],
  [
    () => empiricalBernsteinLowerBound({ ...sample, sum: 10.1 }),
    'empiricalBernsteinLowerBound: `sum` must be in [0, n] with n = 10, got 10.1',
  ],
  [
    () => empiricalBernsteinLowerBound({ ...sample, sum: NaN }),
    'empiricalBernsteinLowerBound: `sum` must be in [0, n] with n = 10, got NaN',
  ],
  [
    () => empiricalBernsteinLowerBound({ ...sample, sumOfSquares: 2.4 }),
    'empiricalBernsteinLowerBound: `sumOfSquares` must be in [sum²/n, sum] as it is for scores in [0, 1], with sum = 5 and n = 10, got 2.4',
  ],
  [
    () => empiricalBernsteinLowerBound({ ...sample, sumOfSquares: 5.1 }),
    'empiricalBernsteinLowerBound: `sumOfSquares` must be in [sum²/n, sum] as it is for scores in [0, 1], with sum = 5 and n = 10, got 5.1',
  ],
  [() => binomialQuantile(1, 10, 0.1), 'binomialQuantile: `probability` must be in (0, 1), got 1'],
  [() => binomialQuantile(0.5, -1, 0.1), 'binomialQuantile: `n` must be an integer in [0, 1e12], got -1'],
  [() => binomialQuantile(0.5, 10, 1.1), 'binomialQuantile: `p` must be in [0, 1], got 1.1'],
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
