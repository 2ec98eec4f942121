import type { Boundaries } from './crossing.ts';
import type { Tie, TiedBoundaries } from './plan-boundaries.ts';
import { planChecks, planFor, planLevel, type PlanSettings, risesFromAverage } from './sampling-plan.ts';

/** Why boundaries are none of these settings, whoever derived them: other checks, or a level above alpha. @internal */
export function unsoundPlan(plan: Boundaries, settings: PlanSettings): string | undefined {
  const { n, checkEvery, alpha, p0, choosesClass } = settings;
  const checks = planChecks(n, checkEvery);
  if (checks.length !== plan.checks.length || checks.some((at, j) => at !== plan.checks[j]))
    return `other checks than those of n = ${n} and checkEvery = ${checkEvery}`;
  if (choosesClass && !risesFromAverage(plan, p0))
    return 'boundaries that certify too few votes for a class that they choose themselves';
  const level = planLevel(plan, settings);
  return level <= alpha ? undefined : `a probability of false certificates of ${level}, above alpha = ${alpha}`;
}

/**
 * What speaks against boundaries that a certificate names: undefined if they are those that follow, or differ by one vote where two decisions cost the same up to
 * rounding, and keep the level. Boundaries that were fitted to votes afterwards are others.
 * @internal
 */
export function planFault(plan: Boundaries | undefined, settings: PlanSettings): string | undefined {
  const other = 'other boundaries than those that follow from n, alpha, radius, worth and checks';
  if (plan !== undefined) {
    const checks = planChecks(settings.n, settings.checkEvery);
    if (checks.length !== plan.checks.length) return other; // nothing is derived for a text that cannot be it
  }
  const derived = planFor(settings);
  if (plan === undefined || derived === undefined) return plan === derived ? undefined : other;
  if (!isWithinTies(plan, derived)) return other;
  return isSame(plan, derived) ? undefined : unsoundPlan(plan, settings);
}

/** Whether boundaries are the derived ones, but for one vote where two decisions cost the same. @internal */
export function isWithinTies(plan: Boundaries, derived: TiedBoundaries): boolean {
  const last = plan.checks.length - 1;
  const isUp = plan.up.every((count, j) => isWithin(count, derived.up[j], derived.ties.up[j]));
  // At the end whoever is not certified is given up.
  const isLow = plan.low.every((count, j) => j === last || isWithin(count, derived.low[j], derived.ties.low[j]));
  return isUp && isLow;
}

const isWithin = (count: number, derived = NaN, [lower, higher]: Tie = [0, 0]): boolean =>
  count >= derived - lower && count <= derived + higher;

const isSame = (plan: Boundaries, derived: TiedBoundaries): boolean =>
  plan.up.every((count, j) => count === derived.up[j]) && plan.low.every((count, j) => count === derived.low[j]);
