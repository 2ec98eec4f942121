import { describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { ladder } from '../../src/certify/ladder.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import type { CertificationRule, RuleContext } from '../../src/certify/rule.ts';
import { stopAtRadius, stopAtSamples } from '../../src/certify/stops.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { createKey } from '../../src/random/key.ts';
import { binomialQuantile } from '../../src/stats/binomial.ts';
import type { ProbabilityBound } from '../../src/types.ts';
import { countingNoise } from '../helpers/counting-noise.ts';
import { contextOf, play, randomVotes } from './play.ts';

// 400 simulated examples for each rule and point at alpha = 0.05. Margin: the (1 − 1e-6) quantile of Bin(400, 0.05), 43 with 20 expected. False alarm: at
// most 1e-6 per case; the seeds are fixed.
const [runs, alpha, n] = [400, 0.05, 300];
const most = binomialQuantile(1 - 1e-6, runs, alpha);

const noise = countingNoise('l0');
const request = { norm: 'l0', dimension: 20 } as const;
const radius = (bound: ProbabilityBound): number => noise.radius(bound, request);
const counting: Partial<RuleContext> = {
  ...{ norm: 'l0', n, alpha, radius, checkEvery: 20 },
  radiusAgainst: (lower, others, k) => noise.radiusAgainst!(lower, others, k, request),
};

const rules: readonly CertificationRule[] = [
  fixedSample(),
  fixedSample({ bound: 'randomized-clopper-pearson' }),
  topTwo(),
  fixedRadius({ radius: 0 }),
  fixedRadius({ radius: [0, 1, 2] }),
  plannedRadius({ radius: 0 }),
  plannedRadius({ radius: [0, 1, 2] }),
  anytimeRadius({ stops: [stopAtRadius({ radius: 0 })] }),
  anytimeRadius({ stops: [stopAtRadius({ radius: 1 }), stopAtSamples({ samples: 280 })] }),
  ladder({ radius: 0, sizes: [100, 300] }),
];

/** How often a rule claims more than holds for class 1 of this probability, `holds` at most; -1 where nothing does. */
function wrongClaims(rule: CertificationRule, p: number, holds: number, seed: number): number {
  const draws = new Float32Array(runs);
  fillUniforms(draws, { key: createKey(seed - 1), start: 0, dimension: runs });
  let wrong = 0;
  for (let run = 0; run < runs; run++) {
    const votes = randomVotes(seed * runs + run, n, [1 - p, p]);
    const { result } = play(rule, contextOf({ ...counting, draw: draws[run]! }), votes, 20);
    if (result.reason === 'certified' && result.radius > holds) wrong++;
  }
  return wrong;
}

describe('wrong claims in a norm that counts changes', () => {
  // No class has more than half of the votes: even a radius of 0 is wrong.
  it.each(rules.map((rule, i) => [rule.name, JSON.stringify(rule.parameters), rule, i] as const))(
    'of 0 changes at p = 1/2: %s %s',
    (_, __, rule, i) => expect(wrongClaims(rule, 0.5, -1, 7 + 2 * i)).toBeLessThanOrEqual(most),
  );

  // One change needs p > 0.6.
  it.each(
    rules
      .filter((rule) => !/"radius":0[,}]/.test(JSON.stringify(rule.parameters)))
      .map((rule, i) => [rule.name, JSON.stringify(rule.parameters), rule, i] as const),
  )('of 1 change at p = 0.6: %s %s', (_, __, rule, i) => {
    expect(wrongClaims(rule, 0.6, 0, 107 + 2 * i)).toBeLessThanOrEqual(most);
  });

  it('are seen where a bound is looked at again and again', () => {
    const once = fixedSample();
    const peeking: CertificationRule = {
      ...{ name: 'peeking', parameters: {} },
      begin: (context) => ({
        check: ({ counts, used }) => {
          const { result } = play(
            once,
            { ...context, n: used },
            counts.flatMap((count, c) => new Array<number>(count).fill(c)),
            used,
          );
          return result.reason === 'certified' ? 'decided' : undefined;
        },
        result: ({ counts, used }) =>
          play(
            once,
            { ...context, n: used },
            counts.flatMap((count, c) => new Array<number>(count).fill(c)),
            used,
          ).result,
      }),
    };
    expect(wrongClaims(peeking, 0.5, -1, 77)).toBeGreaterThan(most);
  });
});
