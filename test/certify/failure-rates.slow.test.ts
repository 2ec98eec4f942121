import { describe, expect, it } from 'vitest';
import { binomialQuantile } from '../../src/stats/binomial.ts';
import { cases, peeking } from './failure-cases.ts';
import { simulate } from './simulate.ts';

// 20 000 simulated examples for each rule, point and alpha, with n = 400 and a check every 20 samples.
// Margin: the (1 − 1e-6) quantile of Bin(20 000, alpha), that is 1150 for alpha = 0.05 and 270 for 0.01. A rule that fails with probability
// alpha exactly raises a false alarm with probability 1e-6 per case; the keys are fixed.
const RUNS = 20_000;
const most = (level: number): number => binomialQuantile(1 - 1e-6, RUNS, level);
const settings = { n: 400, checkEvery: 20, runs: RUNS };

describe.each([0.05, 0.01])('wrong certificates at alpha %d', (alpha) => {
  it.each(
    cases.map((one, i) => [one.rule.name, one.probabilities, JSON.stringify(one.rule.parameters), one, i] as const),
  )('%s at %o %s', (_, _p, _parameters, { rule, probabilities, selects = false, n0 }, i) => {
    const found = simulate({
      rule,
      probabilities,
      selects,
      ...(n0 !== undefined && { n0 }),
      alpha,
      seed: 100 + 2 * i,
      ...settings,
    });
    expect(found.wrong).toBeLessThanOrEqual(most(alpha));
    const { beta, probability = probabilities[0] } = rule.parameters;
    // The oracle promises nothing about declining if it was told a wrong probability.
    if (typeof beta === 'number' && probability === probabilities[0]) {
      expect(found.wronglyDeclined).toBeLessThanOrEqual(most(beta));
    }
  });

  it('are seen where a fixed-sample bound is looked at again and again', () => {
    const found = simulate({ rule: peeking, probabilities: [0.7, 0.3], alpha, seed: 99, ...settings });
    expect(found.wrong).toBeGreaterThan(most(alpha));
  });
});
