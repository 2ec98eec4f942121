import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { oracleTest } from '../../src/certify/oracle-test.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import type { CertificationRule, RuleContext } from '../../src/certify/rule.ts';
import type { ProbabilityBound } from '../../src/types.ts';
import { countingNoise } from '../helpers/counting-noise.ts';
import { everyCountingRule, everyRule } from '../smoothed/made-certificates.ts';
import { contextOf, randomVotes } from './play.ts';

const N = 1000;
const context = (checkEvery: number, change: Partial<RuleContext> = {}): RuleContext =>
  contextOf({ n: N, alpha: 0.02, countsSelection: [15, 80, 5], cAHat: 1, checkEvery, ...change });

const sequential = everyRule.filter((rule) => rule.drawsAll !== true);
const sequentialOfCounts = everyCountingRule.filter((rule) => rule.drawsAll !== true);

const noise = countingNoise('l0');
const counted: Partial<RuleContext> = {
  norm: 'l0',
  radius: (bound: ProbabilityBound) => noise.radius(bound, { norm: 'l0', dimension: 20 }),
};

interface Ending {
  /** Where the run stopped. */
  readonly stopped: number;
  /** What `earliestStop` said at the checks before, and at the start. */
  readonly said: readonly { readonly at: number; readonly earliest: number }[];
}

/** Plays votes for classes 0 to 2 to a rule, and asks it before each piece when it can stop. */
function run(
  rule: CertificationRule,
  votes: readonly number[],
  checkEvery: number,
  change: Partial<RuleContext> = {},
): Ending {
  const going = rule.begin(context(checkEvery, change));
  const counts = [0, 0, 0];
  const said = [{ at: 0, earliest: going.earliestStop?.({ counts, used: 0 }) ?? 0 }];
  for (let used = 1; used <= N; used++) {
    counts[votes[used - 1]!]!++;
    if (used % checkEvery !== 0 && used < N) continue;
    if (going.check({ counts, used }) !== undefined) return { stopped: used, said };
    said.push({ at: used, earliest: going.earliestStop?.({ counts, used }) ?? 0 });
  }
  return { stopped: N, said: said.filter(({ at }) => at < N) };
}

/** Random votes that turn all to one class, to another and back, at random places: the paths on which rules end soonest. */
const paths = fc
  .record({
    seed: fc.nat(1e6),
    p: fc.double({ min: 0.3, max: 1, noNaN: true }),
    turns: fc.array(fc.tuple(fc.nat(N - 1), fc.constantFrom(-1, 0, 1, 1)), { maxLength: 3 }),
  })
  .map(({ seed, p, turns }) => {
    const random = randomVotes(seed, N, [0.7 * (1 - p), p, 0.3 * (1 - p)]).map((vote) => Math.max(0, vote));
    const sorted = [...turns].sort(([a], [b]) => a - b);
    return random.map((vote, i) => {
      const turn = sorted.findLast(([at]) => at <= i)?.[1] ?? -1;
      return turn === -1 ? vote : turn;
    });
  });

describe('earliestStop', () => {
  it.each(sequential.map((rule) => [`${rule.name} ${JSON.stringify(rule.parameters)}`, rule] as const))(
    'is never after a stop: %s',
    (_, rule) => {
      expect(rule.begin(context(10)).earliestStop).toBeTypeOf('function');
      fc.assert(
        fc.property(paths, fc.constantFrom(10, 35, 100), (votes, checkEvery) => {
          const { stopped, said } = run(rule, votes, checkEvery);
          expect(said.filter(({ earliest }) => Math.min(N, earliest) > stopped)).toEqual([]);
        }),
        { numRuns: 40 },
      );
    },
  );

  it.each(sequentialOfCounts.map((rule) => [`${rule.name} ${JSON.stringify(rule.parameters)}`, rule] as const))(
    'is never after a stop in a norm that counts changes: %s',
    (_, rule) => {
      expect(rule.begin(context(10, counted)).earliestStop).toBeTypeOf('function');
      fc.assert(
        fc.property(paths, fc.constantFrom(10, 35, 100), (votes, checkEvery) => {
          const { stopped, said } = run(rule, votes, checkEvery, counted);
          expect(said.filter(({ earliest }) => Math.min(N, earliest) > stopped)).toEqual([]);
        }),
        { numRuns: 40 },
      );
    },
  );

  it.each([
    ['fixedRadius', fixedRadius({ radius: 1 })],
    ['fixedRadius without a final test', fixedRadius({ radius: 1, finalShare: 0, prior: 'jeffreys' })],
    ['oracleTest', oracleTest({ radius: 1, probability: 0.95 })],
    ['plannedRadius', plannedRadius({ radius: 1 })],
  ] as const)('is the check at which all hits or all misses end it: %s', (_, rule) => {
    for (const before of [0, 20, 40]) {
      const start = randomVotes(7, 50, [0.16, 0.84]).slice(0, before);
      const ends = [0, 1].map((vote) => run(rule, [...start, ...new Array<number>(N).fill(vote)], 10));
      const soonest = Math.min(...ends.map(({ stopped }) => stopped));
      const { earliest } = ends[0]!.said.find(({ at }) => at === before)!;
      expect(Math.ceil(earliest / 10) * 10).toBe(soonest);
    }
  });

  it('is far off at the start of a run, for every rule but those that may stop at any check', () => {
    const anyCheck = sequential.filter((rule) => JSON.stringify(rule.parameters).includes('stop-at-deadline'));
    for (const rule of sequential.filter((one) => !anyCheck.includes(one))) {
      expect([rule.name, rule.begin(context(1)).earliestStop!({ counts: [0, 0, 0], used: 0 }) > 1]).toEqual([
        rule.name,
        true,
      ]);
    }
  });
});
