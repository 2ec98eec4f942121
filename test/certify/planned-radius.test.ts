import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plannedRadius, requestOf } from '../../src/certify/planned-radius.ts';
import { replayPlanned } from '../../src/certify/planned-replay.ts';
import { plannedResult } from '../../src/certify/planned-run.ts';
import { plannedTests, testSettings } from '../../src/certify/planned-tests.ts';
import { parsePlan } from '../../src/certify/plan-text.ts';
import { ruleOf } from '../../src/certify/rule-of.ts';
import type { RuleContext } from '../../src/certify/rule.ts';
import { OptionError } from '../../src/errors.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { contextOf, play, probabilityRadius, randomVotes, votesOf } from './play.ts';

/** Three classes; the radius of a probability is the probability itself. */
const context = (change: Partial<RuleContext> = {}): RuleContext =>
  contextOf({
    n: 300,
    alpha: 0.05,
    n0: 100,
    checkEvery: 10,
    countsSelection: [10, 80, 10],
    radius: probabilityRadius,
    ...change,
  });
const alone = (change: Partial<RuleContext> = {}): RuleContext =>
  context({ n0: 0, countsSelection: [0, 0, 0], cAHat: 0, ...change });

describe('plannedRadius', () => {
  const rule = plannedRadius({ radius: 0.75 });
  const [text = ''] = play(rule, context(), votesOf([1, 300])).result.derived!['plans'] as readonly string[];
  const plan = parsePlan(text)!;

  it('certifies at the first check with enough votes, and gives up at the first with few', () => {
    const proven = play(rule, context(), votesOf([1, 300]));
    const first = plan.checks.findIndex((n, j) => n >= plan.up[j]!);
    expect(proven).toMatchObject({ stop: 'decided', used: plan.checks[first] });
    expect(proven.result).toMatchObject({ cAHat: 1, radius: 0.75, reason: 'certified', bound: 'sequential-plan' });
    expect(proven.result.steps).toEqual([{ radius: 0.75, nA: proven.used, n: proven.used }]);
    expect(proven.result.lower.p).toBeCloseTo(0.75, 12);
    const none = play(rule, context(), votesOf([0, 300]));
    expect(none).toMatchObject({ stop: 'decided', used: plan.checks[plan.low.findIndex((low) => low >= 0)] });
    expect(none.result).toMatchObject({ cAHat: 1, radius: 0, reason: 'declined', lower: { p: 0, q: 1 }, steps: [] });
  });

  it('decides at its boundaries, not a vote before', () => {
    const j = 12;
    const n = plan.checks[j]!;
    // Between the boundaries at all checks before.
    const between = plan.checks.slice(0, j).map((_, i) => plan.up[i]! - 1);
    const until = (h: number): ReturnType<typeof play> => {
      const votes = between.flatMap((count, i) => {
        const hits = count - (between[i - 1] ?? 0);
        return votesOf([1, hits], [0, plan.checks[i]! - (plan.checks[i - 1] ?? 0) - hits]);
      });
      const hits = h - between.at(-1)!;
      return play(rule, context(), [...votes, ...votesOf([1, hits], [0, n - votes.length - hits], [0, 300 - n])]);
    };
    expect(until(plan.up[j]!)).toMatchObject({ used: n, result: { reason: 'certified' } });
    expect(until(plan.up[j]! - 1).used).toBeGreaterThan(n);
  });

  it('decides everything at the end', () => {
    expect(plan.low.at(-1)).toBe(plan.up.at(-1)! - 1);
    expect(plan.checks.at(-1)).toBe(300);
  });

  it('must see the votes at every check', () => {
    const run = rule.begin(context());
    expect(() => run.check({ counts: [0, 20, 0], used: 20 })).toThrow('must see the votes at 10 samples');
    expect(run.check({ counts: [0, 5, 0], used: 5 })).toBeUndefined();
  });

  it('is the same rule when it is made again with its plans', () => {
    const { result } = play(rule, context(), votesOf([1, 300]));
    const record = JSON.parse(
      JSON.stringify({ name: rule.name, parameters: { ...rule.parameters, ...result.derived } }),
    ) as typeof rule;
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 50, max: 95 }), (seed, share) => {
        const votes = randomVotes(seed, 300, [(1 - share / 100) / 2, share / 100]);
        const again = play(ruleOf(record), context(), votes);
        expect(again).toEqual(play(rule, context(), votes));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses plans of other settings, texts that are none, and radii out of reach', async () => {
    const made = (change: Partial<RuleContext>, plans = [text], radius: number | number[] = 0.75): unknown =>
      plannedRadius({ radius, plans }).begin(context(change));
    expect(made({})).toBeDefined();
    for (const change of [{ alpha: 0.001 }, { n: 200 }, { checkEvery: 20 }])
      expect(await thrownBy(() => made(change))).toMatchObject({ name: 'OptionError', field: 'plans' });
    expect(await thrownBy(() => made({}, ['10:5']))).toMatchObject({ field: 'plans' });
    expect(await thrownBy(() => made({}, []))).toMatchObject({ field: 'plans' });
    expect(await thrownBy(() => made({}, [''], 0.9999))).toMatchObject({ field: 'radius' });
    await expectError(
      () => plannedRadius({ radius: 0.75 }).begin(contextOf({ n: 300 })),
      OptionError,
      'plannedRadius: `checkEvery` must be known, got undefined (a plan is for one list of checks)',
    );
    await expectError(
      () => plannedRadius({ radius: 0.75 }).assertFeasible?.('certify', { n: 2_000_000, alpha: 0.05 }),
      OptionError,
      'certify: `n` must be at most 1000000 for plannedRadius, got 2000000 (fixedRadius takes any n)',
    );
    await expectError(
      () => plannedRadius({ radius: [0.6, 0.7] }).begin(alone()),
      OptionError,
      'plannedRadius: `n0` must be at least 1 for several radii, got 0 (give one radius, or a selection sample)',
    );
    await expectError(
      () => plannedRadius({ radius: 0.75, worth: 0 }),
      OptionError,
      'plannedRadius: `worth` must be a finite number greater than 0, got 0',
    );
    expect(plannedRadius({ radius: 0.75 }).choosesClass).toBe(true);
    expect(plannedRadius({ radius: [0.6, 0.7] }).choosesClass).toBe(false);
  });

  it('certifies more images with a larger worth, and draws more samples', () => {
    const mean = (worth: number): readonly [number, number] => {
      const priced = plannedRadius({ radius: 0.75, worth });
      const runs = Array.from({ length: 400 }, (_, seed) =>
        play(priced, context(), randomVotes(seed, 300, [0.19, 0.81])),
      );
      const certified = runs.filter(({ result }) => result.radius > 0).length;
      return [certified, runs.reduce((sum, { used }) => sum + used, 0)];
    };
    const [[few, samples], [many, more]] = [mean(0.1), mean(20)];
    expect(many).toBeGreaterThan(few);
    expect(more).toBeGreaterThan(samples);
  });
});

describe('several planned radii', () => {
  const rule = plannedRadius({ radius: [0.6, 0.75, 0.9, 0.999] });
  const found = new Map<number, number>();
  const all = Array.from({ length: 400 }, (_, seed) => {
    const p = 0.55 + (seed % 10) * 0.045;
    return play(rule, context(), randomVotes(seed, 300, [(1 - p) / 2, p, (1 - p) / 2]));
  });

  it('are claimed in their order, each only after all smaller ones', () => {
    const plans = all[0]!.result.derived!['plans'] as readonly string[];
    expect(plans[3], 'not even unanimous votes prove it').toBe('');
    for (const { result, stop, used } of all) {
      const { steps = [], radius } = result;
      expect(steps.map((step) => step.radius)).toEqual([0.6, 0.75, 0.9].slice(0, steps.length));
      for (const [k, step] of steps.entries()) {
        const plan = parsePlan(plans[k]!)!;
        expect(step.nA).toBeGreaterThanOrEqual(plan.up[plan.checks.indexOf(step.n)]!);
        expect(step.n).toBeGreaterThanOrEqual(steps[k - 1]?.n ?? 0);
        expect(step.n).toBeLessThanOrEqual(used);
      }
      expect(radius).toBe(steps.at(-1)?.radius ?? 0);
      expect(stop).toBe(steps.length === 3 ? 'out-of-reach' : 'decided');
      found.set(radius, (found.get(radius) ?? 0) + 1);
    }
    expect([...found.keys()].sort()).toEqual([0, 0.6, 0.75, 0.9]);
  });
});

describe('a planned radius without a selection sample', () => {
  const rule = plannedRadius({ radius: 0.75 });

  it('certifies the class that the votes name', () => {
    for (const label of [0, 1, 2]) {
      const { result, stop } = play(rule, alone(), votesOf([label, 300]));
      expect(result).toMatchObject({ cAHat: label, radius: 0.75, reason: 'certified' });
      expect(stop).toBe('decided');
    }
  });

  it('gives up once every class is out, and names the most voted one', () => {
    const { result, used } = play(rule, alone(), randomVotes(1, 300, [0.2, 0.3, 0.5]));
    expect(result).toMatchObject({ cAHat: 2, radius: 0, reason: 'declined' });
    expect(used).toBeLessThan(300);
  });

  it('never certifies a class that was out once', () => {
    // Class 1 is out for its first votes; then all are for it.
    const { result, used } = play(rule, alone(), votesOf([0, 7], [2, 7], [0, 16], [1, 270]));
    expect(result.reason).toBe('declined');
    expect(used).toBeLessThan(100);
  });
});

describe('the moments of a planned run', () => {
  const kinds = [
    ['one radius', [0.75], 100],
    ['several radii', [0.6, 0.75, 0.9], 100],
    ['radii far apart', [0.55, 0.97], 100],
    ['radii, the last out of reach', [0.6, 0.9999], 100],
    ['one radius, no selection', [0.75], 0],
    ['a small radius, no selection', [0.52], 0],
  ] as const;

  it.each(kinds)('give its result again: %s', (_, radii, n0) => {
    const request = requestOf({ radius: [...radii] });
    const reasons = new Set<string>();
    for (const checkEvery of [1, 7, 30]) {
      const of = n0 === 0 ? alone({ checkEvery }) : context({ checkEvery });
      const tests = plannedTests(request, testSettings(request, of));
      const rule = plannedRadius({ radius: radii.length === 1 ? radii[0] : [...radii] });
      for (let seed = 0; seed < 150; seed++) {
        const p = 0.4 + (seed % 20) * 0.03;
        const { result, counts, used, stop } = play(
          rule,
          of,
          randomVotes(seed, 300, [(1 - p) * 0.7, p, (1 - p) * 0.3]),
          checkEvery,
        );
        const recorded = { selected: n0 === 0 ? undefined : of.cAHat, steps: result.steps ?? [], counts, nUsed: used };
        const replayed = replayPlanned(tests, recorded);
        expect(replayed.faults).toEqual([]);
        expect(replayed.stop).toBe(stop);
        expect(plannedResult(replayed)).toEqual(result);
        reasons.add(result.reason);
        // Samples after the end, and an end before the plan's, are no run.
        const checks = tests[0]!.boundaries!.checks;
        const j = checks.indexOf(used);
        const later = checks[j + 3];
        if (later !== undefined && result.reason === 'declined') {
          const more = counts.map((count, c) => count + (c === 0 ? later - used : 0));
          if (n0 > 0) expect(replayPlanned(tests, { ...recorded, counts: more, nUsed: later }).faults).not.toEqual([]);
        }
        if (later !== undefined && result.reason === 'certified' && radii.length === 1) {
          const more = counts.map((count, c) => count + (c === 0 ? later - used : 0));
          expect(replayPlanned(tests, { ...recorded, counts: more, nUsed: later }).faults).not.toEqual([]);
        }
        expect(
          replayPlanned(tests, { ...recorded, nUsed: used - 1 }).faults.length + (checkEvery === 1 ? 1 : 0),
        ).toBeGreaterThan(0);
      }
    }
    expect(reasons).toEqual(new Set(['certified', 'declined']));
  });
});
