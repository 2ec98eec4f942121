import type { Boundaries } from './crossing.ts';
import { type PlannedEnd, type PlannedStop, upOf } from './planned-run.ts';
import type { PlannedTest } from './planned-tests.ts';
import type { EvidenceStep } from './types.ts';
import { topClass } from './vote-counts.ts';

/** What a certificate says of a run: its moments and its end. @internal */
export interface RecordedRun {
  /** The class of the selection sample; undefined where the same votes choose it. */
  readonly selected: number | undefined;
  readonly steps: readonly EvidenceStep[];
  readonly counts: readonly number[];
  readonly nUsed: number;
}

/** Least and most votes for a class at a check. */
type Range = readonly [least: number, most: number];

/**
 * What follows from the recorded moments of a planned run, and whether some order of the votes leads there.
 *
 * Votes come one after the other, so what is possible at each check is a range of counts: from its neighbours, and from what neither ended the run nor gave a radius up.
 * @internal
 */
export function replayPlanned(
  tests: readonly PlannedTest[],
  run: RecordedRun,
): PlannedEnd & { readonly faults: readonly string[] } {
  const { counts, nUsed } = run;
  const checks = tests[0]?.boundaries?.checks ?? [];
  const end = checks.indexOf(nUsed);
  const cAHat = run.selected ?? topClass(counts);
  const steps = heldSteps(tests, run, checks);
  const nowhere = { tests, steps, stop: undefined, cAHat };
  if (end < 0) return { ...nowhere, faults: [`nUsed is ${nUsed}, but the plan has no check there`] };
  const ended = run.selected === undefined ? endOfClasses : endOfClass;
  const { stop, fault } = ended(tests, { checks, steps, counts, end, cAHat });
  return { ...nowhere, stop, faults: fault === undefined ? [] : [fault] };
}

/** The steps up to the first that its boundaries do not bear out. */
function heldSteps(
  tests: readonly PlannedTest[],
  { steps, nUsed }: RecordedRun,
  checks: readonly number[],
): readonly EvidenceStep[] {
  const fails = steps.findIndex(({ n, nA }, k) => {
    const j = checks.indexOf(n);
    return j < 0 || n > nUsed || nA < upOf(tests[k]?.boundaries, j);
  });
  const held = fails < 0 ? steps : steps.slice(0, fails);
  return held.map(({ nA, n }, k) => ({ radius: tests[k]?.radius ?? 0, nA, n }));
}

interface Moments {
  readonly checks: readonly number[];
  readonly steps: readonly EvidenceStep[];
  readonly counts: readonly number[];
  /** Index of the last check. */
  readonly end: number;
  readonly cAHat: number;
}

interface Ending {
  readonly stop: PlannedStop | undefined;
  readonly fault?: string;
}

/** The end of a run for the class of the selection sample. */
function endOfClass(tests: readonly PlannedTest[], { checks, steps, counts, end, cAHat }: Moments): Ending {
  const nUsed = checks[end] ?? 0;
  const nA = counts[cAHat] ?? 0;
  const claimedAt = steps.map(({ n }) => checks.indexOf(n));
  const open = steps.length;
  const lastClaim = claimedAt.at(-1) ?? -1;
  const pins = new Map([...steps.map(({ n, nA: h }) => [n, h] as const), [nUsed, nA] as const]);
  const allowed = (j: number): Range => {
    const pin = pins.get(checks[j] ?? 0);
    let [least, most] = pin === undefined ? [0, checks[j] ?? 0] : [pin, pin];
    tests.slice(0, open + 1).forEach(({ boundaries }, k) => {
      const claimed = claimedAt[k] ?? end;
      // The open radius may have been given up before the last claim, which then ended the run.
      const mustLive = k < open ? j <= claimed : lastClaim < end && j < end;
      if (mustLive) least = Math.max(least, (boundaries?.low[j] ?? -1) + 1);
      const isNext = (claimedAt[k - 1] ?? -1) <= j && j < claimed;
      if (isNext && (k < open || lastClaim < end)) most = Math.min(most, upOf(boundaries, j) - 1);
    });
    return [least, most];
  };
  const paths = possibleCounts(checks, end, allowed);
  if (paths === undefined) return { stop: undefined, fault: `no order of the votes goes on to ${nUsed} samples` };
  const test = tests[open];
  if (test === undefined) return lastClaim === end ? { stop: 'decided' } : cannotEnd(nUsed);
  const { boundaries } = test;
  if (boundaries === undefined) return lastClaim === end ? { stop: 'out-of-reach' } : cannotEnd(nUsed);
  const isOut = lastClaim === end ? isOutSomewhere(paths, boundaries) : nA <= (boundaries.low[end] ?? -1);
  return isOut ? { stop: 'decided' } : cannotEnd(nUsed);
}

/** The end of a run for every class at once. */
function endOfClasses(tests: readonly PlannedTest[], { checks, steps, counts, end, cAHat }: Moments): Ending {
  const nUsed = checks[end] ?? 0;
  const boundaries = tests[0]?.boundaries;
  if (boundaries === undefined) return cannotEnd(nUsed);
  const { low } = boundaries;
  const free =
    (h: number) =>
    (j: number): Range =>
      j === end ? [h, h] : [0, checks[j] ?? 0];
  const alive =
    (h: number) =>
    (j: number): Range =>
      j === end ? [h, h] : [(low[j] ?? -1) + 1, upOf(boundaries, j) - 1];
  const goesOn = (h: number): boolean => possibleCounts(checks, end, alive(h)) !== undefined;
  const [step] = steps;
  if (step !== undefined) {
    if (step.n !== nUsed) return cannotEnd(nUsed);
    if (goesOn(counts[cAHat] ?? 0)) return { stop: 'decided' };
    return { stop: undefined, fault: `no order of the votes goes on to ${nUsed} samples` };
  }
  const lasts = counts.some((h) => h <= (low[end] ?? -1) && goesOn(h));
  const areOut = counts.every((h) => {
    const paths = possibleCounts(checks, end, free(h));
    return paths !== undefined && isOutSomewhere(paths, boundaries);
  });
  return lasts && areOut ? { stop: 'decided' } : cannotEnd(nUsed);
}

const cannotEnd = (nUsed: number): Ending => ({
  stop: undefined,
  fault: `the plan does not end at ${nUsed} samples`,
});

/** Whether some of these counts gives a radius up. */
function isOutSomewhere(paths: readonly Range[], { low }: Boundaries): boolean {
  return paths.some(([least], j) => least <= (low[j] ?? -1));
}

/** The counts at each check that lie on a way through what is allowed at all of them; undefined where there is none. */
function possibleCounts(
  checks: readonly number[],
  end: number,
  allowed: (j: number) => Range,
): readonly Range[] | undefined {
  const ahead: Range[] = [];
  let [from, to] = [0, 0];
  for (let j = 0; j <= end; j++) {
    const [least, most] = allowed(j);
    [from, to] = [Math.max(least, from), Math.min(most, to + (checks[j] ?? 0) - (checks[j - 1] ?? 0))];
    if (from > to) return undefined;
    ahead.push([from, to]);
  }
  for (let j = end - 1; j >= 0; j--) {
    const [least, most] = ahead[j] as Range;
    const [nextLeast, nextMost] = ahead[j + 1] as Range;
    ahead[j] = [Math.max(least, nextLeast - ((checks[j + 1] ?? 0) - (checks[j] ?? 0))), Math.min(most, nextMost)];
  }
  return ahead;
}
