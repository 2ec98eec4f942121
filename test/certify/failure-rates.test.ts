import { describe, expect, it } from 'vitest';
import { binomialQuantile } from '../../src/stats/binomial.ts';
import { cases, peeking } from './failure-cases.ts';
import { simulate } from './simulate.ts';

// A small version of failure-rates.slow.test.ts: 300 simulated examples for each rule and point at alpha = 0.05.
// Margin: the (1 − 1e-6) quantile of Bin(300, 0.05), 36 with 15 expected. False alarm: at most 1e-6 per case; the keys are fixed.
const [runs, alpha] = [300, 0.05];
const most = binomialQuantile(1 - 1e-6, runs, alpha);
const settings = { n: 400, checkEvery: 20, runs, alpha };

describe('wrong certificates', () => {
  it.each(
    cases.map((one, i) => [one.rule.name, one.probabilities, JSON.stringify(one.rule.parameters), one, i] as const),
  )('%s at %o %s', (_, _p, _parameters, { rule, probabilities, selects = false, n0 }, i) => {
    const found = simulate({
      rule,
      probabilities,
      selects,
      ...(n0 !== undefined && { n0 }),
      seed: 300 + 2 * i,
      ...settings,
    });
    expect(found.wrong).toBeLessThanOrEqual(most);
  });

  it('are seen where a fixed-sample bound is looked at again and again', () => {
    expect(simulate({ rule: peeking, probabilities: [0.7, 0.3], seed: 299, ...settings }).wrong).toBeGreaterThan(most);
  });
});
