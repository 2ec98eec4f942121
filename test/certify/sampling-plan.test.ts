import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Boundaries, crossing, kernelsAt } from '../../src/certify/crossing.ts';
import { planFault, unsoundPlan } from '../../src/certify/plan-faults.ts';
import { planPrior } from '../../src/certify/plan-prior.ts';
import { leastCostBoundaries, planStates } from '../../src/certify/plan-boundaries.ts';
import { parsePlan, planText } from '../../src/certify/plan-text.ts';
import {
  derivePlan,
  planChecks,
  planLevel,
  type PlanSettings,
  risesFromAverage,
} from '../../src/certify/sampling-plan.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { certifiedClasses, exactCrossing, isAtLeast } from './exact-plan.ts';

interface GoldenPlan extends Boundaries {
  readonly n: number;
  readonly alpha: number;
  readonly p0: number;
  readonly worth: number;
  readonly lnLambda: number;
  readonly alphaExact: string;
  readonly atHalf: string;
  readonly monotone: number;
}

interface Golden {
  readonly cells: readonly {
    readonly p0: number;
    readonly below: number;
    readonly above: number;
    readonly inner: readonly [number, number];
    readonly first: readonly [number, number];
    readonly last: readonly [number, number];
  }[];
  readonly plan: readonly GoldenPlan[];
  readonly crossing: readonly { plan: number; p: number; certified: string; samples: string }[];
}

const golden = await readFixture<Golden>('sampling_plans.json');
const pair = (p: number): { p: number; q: number } => ({ p, q: 1 - p });
const relative = (a: number, b: number): number => Math.abs(a / b - 1);

describe('the prior of plans', () => {
  it.each(golden.cells)('has the cells around $p0', ({ p0, below, above, inner, first, last }) => {
    const prior = planPrior(pair(p0));
    expect([prior.below.length, prior.above.length]).toEqual([below, above]);
    for (const [cell, [p, weight]] of [
      [prior.above[0]!, inner],
      [prior.below.at(-1)!, first],
      [prior.above.at(-1)!, last],
    ] as const) {
      expect(relative(cell.p, p)).toBeLessThan(1e-11);
      expect(relative(cell.weight, weight)).toBeLessThan(1e-11);
      expect(relative(cell.hit, Math.log(cell.p / p0))).toBeLessThan(1e-5);
      expect(relative(cell.miss, Math.log((1 - cell.p) / (1 - p0)))).toBeLessThan(1e-5);
    }
    const total = [...prior.below, ...prior.above].reduce((sum, { weight }) => sum + weight, 0);
    expect(relative(total, 1)).toBeLessThan(1e-12);
  });
});

describe('the probability that boundaries certify', () => {
  it.each(golden.crossing)('of plan $plan at $p, and the mean number of samples', ({ plan, p, certified, samples }) => {
    const found = crossing(golden.plan[plan]!, kernelsAt(pair(p)));
    expect(relative(found.certified, Number(certified))).toBeLessThan(1e-11);
    expect(found.most).toBeGreaterThanOrEqual(Number(certified));
    expect(relative(found.most, Number(certified))).toBeLessThan(1e-11);
    expect(relative(found.samples, Number(samples))).toBeLessThan(1e-11);
  });

  it.each(golden.plan.map((plan, i) => ({ i, ...plan })))('of plan $i at 1/2', ({ atHalf, ...plan }) => {
    const { most } = crossing(plan, kernelsAt(pair(0.5)));
    expect(most).toBeGreaterThanOrEqual(Number(atHalf));
    expect(relative(most, Number(atHalf))).toBeLessThan(1e-11);
  });

  const anyBoundaries = fc
    .record({ gaps: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }), seed: fc.nat(1e6) })
    .map(({ gaps, seed }): Boundaries => {
      let [n, state] = [0, seed + 1];
      const next = (below: number): number => (state = (state * 16807) % 2147483647) % below;
      const checks = gaps.map((gap) => (n += gap));
      const low = checks.map((at) => next(at + 1) - 1);
      const up = checks.map((at, j) => low[j]! + 1 + next(at + 1 - low[j]!));
      return { checks, low, up };
    });

  it('is never understated: against integers, for any boundaries', () => {
    fc.assert(
      fc.property(anyBoundaries, fc.integer({ min: 1, max: 1023 }), (boundaries, k) => {
        const { most, certified } = crossing(boundaries, kernelsAt(pair(k / 1024)));
        const exact = exactCrossing(boundaries, { k: BigInt(k), bits: 10n });
        expect(isAtLeast(most, exact)).toBe(true);
        if (certified > 1e-200) expect(isAtLeast(certified * (1 - 1e-12), exact)).toBe(exact.numerator === 0n);
      }),
      { numRuns: 300 },
    );
  });

  it('increases with the probability', () => {
    fc.assert(
      fc.property(anyBoundaries, (boundaries) => {
        const all = Array.from({ length: 19 }, (_, i) => crossing(boundaries, kernelsAt(pair((i + 1) / 20))).certified);
        for (const [i, psi] of all.entries()) expect(psi).toBeGreaterThanOrEqual((all[i - 1] ?? 0) * (1 - 1e-12));
      }),
      { numRuns: 100 },
    );
  });
});

describe('plans', () => {
  it.each(golden.plan.map((plan, i) => ({ i, ...plan })))('plan $i is the one of least cost', (plan) => {
    const { checks, n, alpha, p0, worth, lnLambda, alphaExact, monotone } = plan;
    const states = planStates({ checks, p0: pair(p0), missPrice: worth * n }, planPrior(pair(p0)));
    const found = leastCostBoundaries(states, Math.exp(lnLambda + 6e-5), kernelsAt(pair(p0)));
    expect([found.up, found.low]).toEqual([plan.up, plan.low]);
    expect(Number(alphaExact)).toBeLessThanOrEqual(alpha);
    const rises = checks.flatMap((at, j) => (plan.up[j]! > at ? [] : [plan.up[j]! - at * p0]));
    expect(Math.abs(Math.min(...rises) - monotone)).toBeLessThan(1e-4);
    // The price has six digits: the next one below that differs certifies more than alpha.
    const lower = leastCostBoundaries(states, Math.exp(lnLambda - 6e-5), kernelsAt(pair(p0)));
    expect(crossing(lower, kernelsAt(pair(p0))).most).toBeGreaterThan(alpha);
  });

  it.each(golden.plan.map((plan, i) => ({ i, ...plan })))('the search finds plan $i', (plan) => {
    const { i, checks, n, alpha, p0, worth, up, low } = plan;
    const settings = { n, checkEvery: checks[0]!, alpha, p0: pair(p0), worth, choosesClass: false };
    const found = derivePlan(settings, checks)!;
    expect([found.up, found.low]).toEqual([up, low]);
    // Up to 25 checks are equally spaced, as those of all but the last golden are.
    if (i < 6) expect(planChecks(n, checks[0]!)).toEqual(checks);
    if (i < 6) expect(planFault(plan, settings)).toBeUndefined();
  });

  it('look at multiples, then 4 % later each time, and at the end', () => {
    const checks = planChecks(100_000, 10);
    expect(checks.slice(0, 26)).toEqual(Array.from({ length: 26 }, (_, i) => 10 * (i + 1)));
    expect(checks.at(-1)).toBe(100_000);
    expect(checks.length).toBeLessThan(200);
    expect(checks.every((at, j) => at === 100_000 || (at % 10 === 0 && at > (checks[j - 1] ?? 0)))).toBe(true);
    expect(planChecks(5, 10)).toEqual([5]);
    expect(planChecks(25, 10)).toEqual([10, 20, 25]);
  });

  it('keep their level, which is nearly used up, for many settings', () => {
    for (const p of [0.51, 0.6, 0.75, 0.9, 0.99])
      for (const alpha of [0.05, 0.001])
        for (const choosesClass of [false, true]) {
          const settings: PlanSettings = { n: 1000, checkEvery: 20, alpha, p0: pair(p), worth: 10, choosesClass };
          const plan = derivePlan(settings)!;
          const level = planLevel(plan, settings);
          expect(level).toBeLessThanOrEqual(alpha);
          expect(level).toBeGreaterThan(alpha * 0.7);
          expect(unsoundPlan(plan, settings)).toBeUndefined();
          expect(!choosesClass || risesFromAverage(plan, pair(p))).toBe(true);
        }
  });

  it('of a radius that not even unanimous votes prove are none', () => {
    const settings = { n: 100, checkEvery: 10, alpha: 0.001, worth: 10, choosesClass: false };
    expect(derivePlan({ ...settings, p0: pair(0.95) })).toBeUndefined();
    expect(derivePlan({ ...settings, p0: pair(0.9) })).toBeDefined();
    expect(derivePlan({ ...settings, p0: { p: 1, q: 0 } })).toBeUndefined();
  });

  it('raise boundaries that certify too few votes where the same votes choose the class', () => {
    const settings = { n: 12, checkEvery: 1, alpha: 0.49, p0: pair(0.52), worth: 10, choosesClass: true };
    const plan = derivePlan(settings)!;
    expect(risesFromAverage(plan, pair(0.52))).toBe(true);
    const free = derivePlan({ ...settings, choosesClass: false })!;
    expect(risesFromAverage(free, pair(0.52))).toBe(false);
    expect(unsoundPlan(free, { ...settings, alpha: 0.499999 })).toMatch(/too few votes|a probability of/);
  });
});

describe('boundaries without a selection sample', () => {
  const settings = (p0: number, alpha: number): PlanSettings => ({
    n: 24,
    checkEvery: 4,
    alpha,
    p0: pair(p0),
    worth: 10,
    choosesClass: true,
  });

  it.each([
    [0.52, 0.1],
    [0.55, 0.2],
    [0.6, 0.05],
    [0.7, 0.2],
    [0.8, 0.3],
  ])('certify a wrong class with probability of at most alpha: p0 = %f, alpha = %f, by all votes', (p0, alpha) => {
    const of = settings(p0, alpha);
    const boundaries = derivePlan(of)!;
    const p = p0 - 1e-9;
    const rest = 1 - p;
    for (const probabilities of [
      [p, rest],
      [p, rest / 2, rest / 2],
      [p, rest * 0.9, rest * 0.1],
      [0.5, 0.5],
      [0.5, 0.25, 0.25],
      [1 / 3, 1 / 3, 1 / 3],
    ]) {
      const certified = certifiedClasses({ boundaries, probabilities });
      const wrong = certified.reduce((sum, psi, c) => sum + (probabilities[c]! < p0 ? psi : 0), 0);
      expect(wrong).toBeLessThanOrEqual(planLevel(boundaries, of));
      expect(wrong).toBeLessThanOrEqual(alpha);
      // The likelier of two classes has what the boundaries give it alone.
      if (probabilities.length === 2)
        expect(
          relative(certified[0]!, crossing(boundaries, kernelsAt(pair(probabilities[0]!))).certified),
        ).toBeLessThan(1e-9);
    }
  });
});

describe('the text of a plan', () => {
  it('gives the plan back', () => {
    for (const plan of golden.plan) {
      const text = planText(plan);
      expect(parsePlan(text)).toEqual({ checks: plan.checks, low: plan.low, up: plan.up });
    }
    expect(planText(undefined)).toBe('');
    expect(parsePlan('')).toBeUndefined();
    expect(planText({ checks: [1, 3], low: [-1, 2], up: [2, 3] })).toBe('1:-1:2 3:2:3');
  });

  it.each([
    '1:-1:2 3:2:4', // the last check decides
    '1:-1:2  3:2:3',
    '3:-1:2 1:0:1',
    '3:2:2',
    '3:4:5',
    '03:2:3',
    '3:2:3 ',
    '3:-2:-1',
    '3:2:3:4',
    '3.5:2:3',
    'none',
  ])('is no plan: %s', (text) => expect(parsePlan(text)).toBeNull());
});
