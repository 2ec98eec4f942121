import { describe, expect, it } from 'vitest';
import { type Boundaries, kernelsAt } from '../../src/certify/crossing.ts';
import { leastCostBoundaries, planStates, type TiedBoundaries } from '../../src/certify/plan-boundaries.ts';
import { isWithinTies, planFault, unsoundPlan } from '../../src/certify/plan-faults.ts';
import { planPrior } from '../../src/certify/plan-prior.ts';
import { derivePlan, planLevel, type PlanSettings } from '../../src/certify/sampling-plan.ts';

const settings: PlanSettings = {
  n: 1000,
  checkEvery: 50,
  alpha: 0.01,
  p0: { p: 0.75, q: 0.25 },
  worth: 10,
  choosesClass: false,
};
const derived = derivePlan(settings)!;

/** The plan with one boundary moved. */
function moved(name: 'up' | 'low', j: number, by: number): Boundaries {
  const { checks, up, low } = derived;
  const other = { checks, up: [...up], low: [...low] };
  other[name][j]! += by;
  if (j === checks.length - 1) other.low[j] = other.up[j]! - 1;
  return other;
}

describe('boundaries that a certificate names', () => {
  it('are those that follow', () => {
    expect(planFault(derived, settings)).toBeUndefined();
    expect(planFault(undefined, settings)).toMatch(/^other boundaries/);
    expect(planFault(undefined, { ...settings, p0: { p: 0.999, q: 0.001 }, n: 100 })).toBeUndefined();
  });

  it('fitted to votes afterwards are others, whatever their level', () => {
    let sound = 0;
    for (let j = 0; j < derived.checks.length; j++)
      for (const by of [-3, -2, -1, 1, 2, 3])
        for (const name of ['up', 'low'] as const) {
          if (name === 'low' && (derived.low[j] === -1 || j === derived.checks.length - 1)) continue;
          const plan = moved(name, j, by);
          if (unsoundPlan(plan, settings) === undefined) sound++;
          expect(planFault(plan, settings), `${name} ${j} ${by}`).toMatch(/^other boundaries/);
        }
    expect(sound, 'many of them keep the level').toBeGreaterThan(50);
  });

  it('of a fixed sample as large as the last look are others too', () => {
    const { checks } = derived;
    const first = checks.map((n, j) => (j === 3 ? 170 : n + 1));
    const fitted = { checks, up: first, low: checks.map((_, j) => (j < 3 ? -1 : j === 3 ? 169 : first[j]! - 1)) };
    expect(planLevel(fitted, settings)).toBeLessThan(settings.alpha);
    expect(planFault(fitted, settings)).toMatch(/^other boundaries/);
  });

  it('may differ by one vote where two decisions cost the same, if they keep the level', () => {
    const { checks, p0, worth } = { ...settings, checks: derived.checks };
    const states = planStates({ checks, p0, missPrice: worth * settings.n }, planPrior(p0));
    const last = checks.length - 1;
    const { above, first } = states.bands[last]!;
    const count = derived.up[last]! + 3;
    // To give such a count up at the end costs just what a false certificate costs: the upper boundary of the end may be there, or one vote higher.
    const price = worth * settings.n * above[count - first]!;
    const planAt = (factor: number): TiedBoundaries => leastCostBoundaries(states, price * factor, kernelsAt(p0));
    const [exact, lower, higher, far] = [1, 1 - 1e-10, 1 + 1e-10, 1 + 1e-4].map(planAt) as [
      TiedBoundaries,
      TiedBoundaries,
      TiedBoundaries,
      TiedBoundaries,
    ];
    expect([lower.up[last], higher.up[last], far.up[last]]).toEqual([count, count + 1, count + 1]);
    for (const [plan, of] of [
      [exact, lower],
      [exact, higher],
      [lower, higher],
      [higher, lower],
    ] as const)
      expect(isWithinTies(plan, of)).toBe(true);
    expect(isWithinTies(lower, far)).toBe(false);
    expect(isWithinTies({ ...lower, up: lower.up.map((one, j) => one + (j === last ? 2 : 0)) }, lower)).toBe(false);
    expect(isWithinTies({ ...lower, up: lower.up.map((one, j) => one + (j === 4 ? 1 : 0)) }, lower)).toBe(false);
  });

  it('have the checks and the level of their settings', () => {
    expect(unsoundPlan(derived, settings)).toBeUndefined();
    expect(unsoundPlan(derived, { ...settings, n: 999 })).toBe(
      'other checks than those of n = 999 and checkEvery = 50',
    );
    expect(unsoundPlan(derived, { ...settings, alpha: 0.001 })).toMatch(/^a probability of false certificates of 0.00/);
    expect(unsoundPlan(derived, { ...settings, p0: { p: 0.7, q: 0.3 } })).toBeUndefined();
    expect(unsoundPlan(derived, { ...settings, p0: { p: 0.8, q: 0.2 } })).toBeDefined();
    for (const change of [{ alpha: 0.02 }, { worth: 3 }, { p0: { p: 0.76, q: 0.24 } }, { checkEvery: 25 }])
      expect(planFault(derived, { ...settings, ...change })).toMatch(/^other boundaries/);
  });
});
