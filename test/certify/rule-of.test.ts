import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allOf,
  stopAtDeadline,
  stopAtGain,
  stopAtRadius,
  stopAtSamples,
  stopAtWidth,
} from '../../src/certify/stops.ts';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { ladder } from '../../src/certify/ladder.ts';
import { oracleTest } from '../../src/certify/oracle-test.ts';
import { ruleOf } from '../../src/certify/rule-of.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { topK } from '../../src/certify/top-k.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import type { RuleRecord } from '../../src/certify/types.ts';
import { mixture } from './failure-cases.ts';
import { contextOf, play, randomVotes } from './play.ts';

let time = 0;
const ticking = () => (time += 1);

/** Every rule and every stop; a deadline that the clock of the machine does not reach. */
const rules: readonly CertificationRule[] = [
  fixedSample(),
  fixedSample({ bound: 'randomized-clopper-pearson' }),
  topTwo(),
  topTwo({ alphaShare: 0.8 }),
  topK({ k: 1 }),
  topK({ k: 2, labelFrom: 'estimation' }),
  fixedRadius({ radius: 0.5 }),
  fixedRadius({ radius: [0.25, 0.5, 1], prior: 'jeffreys', beta: 0.05 }),
  fixedRadius({ radius: 0.5, evidence: 'betting' }),
  fixedRadius({ radius: [0.5, 0.75], finalShare: 0.5 }),
  fixedRadius({ radius: [0.25, 0.5], prior: mixture }),
  anytimeRadius({ stops: [stopAtWidth({ width: 0.5 })], prior: mixture }),
  anytimeRadius({ stops: [stopAtRadius({ radius: 0.8 }), stopAtDeadline({ milliseconds: 1e12 })] }),
  anytimeRadius({ stops: [stopAtGain({ gain: 0.05, over: 50 })], prior: 'selection' }),
  anytimeRadius({
    stops: [allOf({ stops: [stopAtWidth({ width: 1 }), stopAtSamples({ samples: 150 })] })],
    prior: 'jeffreys',
  }),
  anytimeRadius({ stops: [stopAtDeadline({ milliseconds: 20, now: ticking })] }),
  ladder({ radius: 0.5, sizes: [50, 120, 200] }),
  oracleTest({ radius: 0.5, probability: 0.8 }),
];

/** Rules that must see every check; their moments are replayed by `replayPlanned`. */
const planned = [plannedRadius({ radius: 0.5 }), plannedRadius({ radius: [0.25, 0.5, 1], worth: 2, plans: [''] })];

const name = ({ name, parameters }: RuleRecord) => `${name} ${JSON.stringify(parameters)}`;
const recordOf = (rule: CertificationRule): RuleRecord =>
  JSON.parse(JSON.stringify({ name: rule.name, parameters: rule.parameters })) as RuleRecord;

/** Votes among three classes, the second one with probability p, and now and then a failed sample. */
const examples = fc.record({
  votes: fc
    .tuple(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 30 }))
    .map(([seed, i]) => randomVotes(seed, 200, [(30 - i) / 50, 0.4 + i / 50, 0.1])),
  checkEvery: fc.integer({ min: 1, max: 60 }),
});
const context = contextOf({ n: 200, alpha: 0.05, countsSelection: [10, 80, 10] });

describe('ruleOf', () => {
  it.each([...rules, ...planned].map((rule) => [name(rule), rule] as const))('makes %s again from JSON', (_, rule) => {
    const again = ruleOf(recordOf(rule));
    expect(recordOf(again)).toEqual(recordOf(rule));
  });

  it('fills in defaults that a record lacks', () => {
    expect(recordOf(ruleOf({ name: 'fixed-radius', parameters: { radius: 0.5 } }))).toEqual(
      recordOf(fixedRadius({ radius: 0.5 })),
    );
    expect(recordOf(ruleOf({ name: 'fixed-sample' } as RuleRecord))).toEqual(recordOf(fixedSample()));
  });

  // What a certificate stores of the way to it: the votes at the end, and those for the class at the stored moments.
  it.each(rules.map((rule) => [name(rule), rule] as const))(
    '%s: the stored moments give the same result',
    (_, rule) => {
      const seen = new Set<string>();
      fc.assert(
        fc.property(examples, ({ votes, checkEvery }) => {
          const { result, counts, used } = play(rule, context, votes, checkEvery);
          const run = ruleOf(recordOf(rule)).begin(context);
          for (const { nA, n } of result.steps ?? []) run.check({ counts: [0, nA, 0], used: n });
          run.check({ counts, used });
          expect(run.result({ counts, used })).toEqual(result);
          seen.add(result.reason);
        }),
        { seed: 6, numRuns: 100 },
      );
      expect(seen).toContain('certified');
      expect(seen.size).toBeGreaterThan(1);
    },
  );

  it.each(rules.map((rule) => [name(rule), rule] as const))('%s: the result says what holds', (_, rule) => {
    fc.assert(
      fc.property(examples, ({ votes, checkEvery }) => {
        const { result } = play(rule, context, votes, checkEvery);
        const { radius, reason, lower, steps } = result;
        expect(radius > 0).toBe(reason === 'certified');
        expect(Number.isFinite(radius)).toBe(true);
        expect(Math.abs(lower.p + lower.q - 1)).toBeLessThan(1e-12);
        if (radius > 0 && steps) expect(steps.at(-1)?.radius).toBe(radius);
        if (radius > 0 && !['top-two', 'top-k'].includes(rule.name)) {
          expect(context.radius(lower)).toBeGreaterThanOrEqual(radius);
        }
      }),
      { seed: 7, numRuns: 50 },
    );
  });
});
