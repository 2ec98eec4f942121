import { OptionError, refusal } from '../errors.ts';
import type { ProbabilityBound } from '../types.ts';
import type { Boundaries } from './crossing.ts';
import { planFault, unsoundPlan } from './plan-faults.ts';
import { parsePlan, planText } from './plan-text.ts';
import { assertAskable, probabilityInReach, probabilityOfRadius } from './radius-evidence.ts';
import type { RuleContext } from './rule.ts';
import { MOST_PLANNED, planFor, type PlanSettings } from './sampling-plan.ts';

/** What a planned rule is asked for. @internal */
export interface PlannedRequest {
  readonly radii: readonly number[];
  /** The radius as it was given, for texts. */
  readonly given: number | readonly number[];
  readonly worth: number;
  /** Boundaries that were derived before. */
  readonly plans: readonly string[] | undefined;
}

/** One radius with the boundaries that prove it. @internal */
export interface PlannedTest {
  readonly radius: number;
  /** The least probability that proves it. */
  readonly p0: ProbabilityBound;
  /** Undefined where not even unanimous votes prove it. */
  readonly boundaries: Boundaries | undefined;
}

const CALL = 'plannedRadius';

/** What a rule must know to plan. @internal */
export type PlannedContext = Pick<RuleContext, 'n' | 'alpha' | 'radius' | 'norm' | 'checkEvery' | 'n0'>;

/** A radius, and what its plan follows from. @internal */
export interface TestSettings {
  readonly radius: number;
  readonly settings: PlanSettings;
}

/** The tests of all radii. Throws OptionError where none proves the first one, and for boundaries of other settings. @internal */
export function plannedTests(request: PlannedRequest, all: readonly TestSettings[]): readonly PlannedTest[] {
  return all.map(({ radius, settings }, i) => {
    const boundaries =
      request.plans === undefined ? planFor(settings) : givenBoundaries(request.plans, i, { radius, settings });
    if (i === 0 && boundaries === undefined) {
      const details = { call: CALL, field: 'radius', value: request.given };
      throw refusal(
        OptionError,
        { ...details, way: 'raise n, alpha or the scale of the noise' },
        'must be one that some boundaries prove',
      );
    }
    return { radius, p0: settings.p0, boundaries };
  });
}

function givenBoundaries(
  plans: readonly string[],
  i: number,
  { radius, settings }: TestSettings,
): Boundaries | undefined {
  const boundaries = parsePlan(plans[i] ?? 'none');
  const fault = boundaries === null ? 'no text of boundaries' : boundaries && unsoundPlan(boundaries, settings);
  if (fault === undefined) return boundaries ?? undefined;
  const details = { call: CALL, field: 'plans', value: plans, got: `for radius ${radius} ${fault}` };
  throw refusal(OptionError, details, 'must be boundaries for this n, alpha, radius and list of checks');
}

/** The tests that a certificate names, and what speaks against their boundaries. @internal */
export function recordedTests(
  { plans = [] }: PlannedRequest,
  all: readonly TestSettings[],
): { readonly tests: readonly PlannedTest[]; readonly faults: readonly string[] } {
  if (plans.length !== all.length)
    return { tests: [], faults: [`rule has boundaries for ${plans.length} of ${all.length} radii`] };
  const faults: string[] = [];
  const tests = all.map(({ radius, settings }, i): PlannedTest => {
    const boundaries = parsePlan(plans[i] ?? '');
    const fault = boundaries === null ? 'no text of boundaries' : planFault(boundaries, settings);
    if (fault !== undefined) faults.push(`rule has for radius ${radius} ${fault}`);
    return { radius, p0: settings.p0, boundaries: boundaries ?? undefined };
  });
  return { tests, faults };
}

/** The boundaries of tests, as certificates name them. @internal */
export function plansOf(tests: readonly PlannedTest[]): readonly string[] {
  return tests.map(({ boundaries }) => planText(boundaries));
}

/** What the plans of all radii follow from. Throws OptionError for a first radius out of reach, and where nothing can be planned. @internal */
export function testSettings(
  { radii, given, worth }: PlannedRequest,
  context: PlannedContext,
): readonly TestSettings[] {
  const { n, alpha, checkEvery, n0 } = context;
  if (checkEvery === undefined) {
    const way = 'a plan is for one list of checks';
    throw refusal(OptionError, { call: CALL, field: 'checkEvery', value: checkEvery, way }, 'must be known');
  }
  assertPlannable(CALL, n);
  assertAskable(CALL, radii, context.norm, given);
  const choosesClass = n0 === 0;
  if (choosesClass && radii.length > 1) {
    const way = 'give one radius, or a selection sample';
    throw refusal(OptionError, { call: CALL, field: 'n0', value: 0, way }, 'must be at least 1 for several radii');
  }
  return radii.map((radius, i) => {
    const p0 =
      i === 0
        ? probabilityInReach(CALL, radius, context, given)
        : (probabilityOfRadius(radius, context.radius, context.norm) ?? { p: 1, q: 0 });
    return { radius, settings: { n, checkEvery, alpha, p0, worth, choosesClass } };
  });
}

/** Throws OptionError for more samples than are planned. @internal */
export function assertPlannable(call: string, n: number): void {
  if (n <= MOST_PLANNED) return;
  const details = { call, field: 'n', value: n, way: 'fixedRadius takes any n' };
  throw refusal(OptionError, details, `must be at most ${MOST_PLANNED} for plannedRadius`);
}
