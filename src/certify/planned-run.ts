import type { Boundaries } from './crossing.ts';
import { type PlannedTest, plansOf } from './planned-tests.ts';
import type { RuleContext, RuleResult, RuleRun, Tally } from './rule.ts';
import type { EvidenceStep } from './types.ts';
import { topClass, votesFor } from './vote-counts.ts';

/** Where a planned run ended. @internal */
export interface PlannedEnd {
  readonly tests: readonly PlannedTest[];
  readonly steps: readonly EvidenceStep[];
  /** The name of the end; undefined for a run that has none. */
  readonly stop: PlannedStop | undefined;
  readonly cAHat: number;
}

/** How a planned run can end. @internal */
export type PlannedStop = 'decided' | 'out-of-reach';

/** What follows from where a run ended. @internal */
export function plannedResult({ tests, steps, stop, cAHat }: PlannedEnd): RuleResult {
  const proven = tests[steps.length - 1];
  const open = tests[steps.length];
  const given = stop === 'decided' ? 'declined' : open && open.boundaries === undefined ? 'out-of-reach' : 'undecided';
  return {
    cAHat,
    radius: proven?.radius ?? 0,
    reason: proven ? 'certified' : given,
    lower: proven?.p0 ?? { p: 0, q: 1 },
    bound: 'sequential-plan',
    steps: [...steps],
    derived: { plans: plansOf(tests) },
  };
}

/** Shows votes to the boundaries of all radii, for the class of the selection sample or, without one, for every class. @internal */
export function plannedRun(tests: readonly PlannedTest[], { n0, cAHat }: Pick<RuleContext, 'n0' | 'cAHat'>): RuleRun {
  const checks = tests[0]?.boundaries?.checks ?? [];
  const isOut = new Set<string>();
  const steps: EvidenceStep[] = [];
  let stop: PlannedStop | undefined;
  let seen = 0;
  let label = cAHat;

  /** Gives a class up for a radius for good, where it has so few votes. */
  const leaveOut = (test: number, c: number, h: number, j: number): void => {
    if (h <= (tests[test]?.boundaries?.low[j] ?? -1)) isOut.add(`${test} ${c}`);
  };
  const isAt = (test: number, c: number, h: number, j: number): boolean =>
    !isOut.has(`${test} ${c}`) && h >= upOf(tests[test]?.boundaries, j);

  const checkClass = ({ counts, used }: Tally, j: number): PlannedStop | undefined => {
    const h = votesFor({ counts }, label);
    tests.forEach((_, test) => leaveOut(test, label, h, j));
    for (;;) {
      const next = steps.length;
      const test = tests[next];
      if (test === undefined) return 'decided';
      if (test.boundaries === undefined) return 'out-of-reach';
      if (isOut.has(`${next} ${label}`)) return 'decided';
      if (!isAt(next, label, h, j)) return undefined;
      steps.push({ radius: test.radius, nA: h, n: used });
    }
  };
  const checkAllClasses = ({ counts, used }: Tally, j: number): PlannedStop | undefined => {
    counts.forEach((h, c) => leaveOut(0, c, h, j));
    const chosen = counts.findIndex((h, c) => isAt(0, c, h, j));
    if (chosen >= 0) {
      label = chosen;
      steps.push({ radius: tests[0]?.radius ?? 0, nA: counts[chosen] ?? 0, n: used });
    }
    return chosen >= 0 || isOut.size === counts.length ? 'decided' : undefined;
  };

  return {
    check(tally) {
      const { used } = tally;
      if (stop !== undefined) return stop;
      const next = checks[seen];
      if (next === undefined || used < next) return undefined;
      if (used > next) throw new Error(`a planned rule must see the votes at ${next} samples, not first at ${used}`);
      stop = n0 === 0 ? checkAllClasses(tally, seen) : checkClass(tally, seen);
      seen++;
      return stop;
    },
    earliestStop({ counts, used }) {
      let lowest = -1; // whoever was so low once is out
      const labels = n0 === 0 ? counts.map((_, c) => c) : [label];
      const open = tests.map((_, test) => test).slice(steps.length);
      return (
        checks.slice(seen).find((at, i) => {
          const j = seen + i;
          const alive = open.map((test) => labels.filter((c) => !isOut.has(`${test} ${c}`)));
          return open.some((test, k) => {
            const boundaries = tests[test]?.boundaries;
            lowest = Math.max(lowest, boundaries?.low[j] ?? -1);
            const isLow = (alive[k] ?? []).every((c) => (counts[c] ?? 0) <= lowest);
            return isLow || (alive[k] ?? []).some((c) => (counts[c] ?? 0) + at - used >= upOf(boundaries, j));
          });
        }) ?? 0
      );
    },
    result: ({ counts }) =>
      plannedResult({ tests, steps, stop, cAHat: n0 === 0 && steps.length === 0 ? topClass(counts) : label }),
  };
}

/** So many votes certify at a check; Infinity where none do. @internal */
export function upOf(boundaries: Boundaries | undefined, j: number): number {
  return boundaries?.up[j] ?? Infinity;
}
