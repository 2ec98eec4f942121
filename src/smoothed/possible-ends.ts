import { looksOf } from '../certify/ladder.ts';
import { bestTallyBefore } from '../certify/rank-reach.ts';
import type { CertificationRule, RuleResult, RuleRun } from '../certify/rule.ts';
import { type AnytimeMoment, isPossibleStop, stopsOfRecord, verdictOf } from '../certify/stop-verdicts.ts';
import type { StopState } from '../certify/stops.ts';
import type { Certificate } from '../certify/types.ts';
import { countsChanges, nothingProven } from '../options/counting-norms.ts';

/** A certificate whose rule is made from its record, and the way to show votes to that rule. @internal */
export interface Replay {
  readonly stored: Certificate;
  readonly recordRule: CertificationRule;
  /** Starts the rule on the example; an anytime rule has no stops there. */
  readonly begin: () => RuleRun;
  /** What the stops of an anytime rule would have seen at the last check. */
  readonly state: (() => StopState | undefined) | undefined;
}

/** A number of samples, and the votes for the class among them. */
interface Moment {
  readonly nA: number;
  readonly n: number;
}

/** Whether the run can have ended at its last check by the name that the certificate gives; `ended` is what the rule said there. @internal */
export function isPossibleEnd(replay: Replay, result: RuleResult, ended: string | undefined): boolean {
  const { stored, recordRule, state } = replay;
  const last = state?.();
  if (last === undefined) return stored.stop === ended;
  const moment = { ...momentOf(stored, last, result), lowestUpperRadius: () => lowestUpperRadius(replay) };
  return isPossibleStop(stored.stop, stopsOfRecord(recordRule), moment, ended);
}

/** More checks are not shown to a rule again: a forged record could ask for 2^30. */
const MOST_CHECKS = 100_000;

/** What is left to hope for, where the votes came as late as they can have come; 0, anything, where that takes too many checks. */
function lowestUpperRadius({ stored, begin, state }: Replay): number {
  if (stored.nUsed / stored.checkEvery > MOST_CHECKS) return 0;
  const recorded = recordedMoments(stored);
  const run = begin();
  for (let n = stored.checkEvery; n < stored.nUsed; n += stored.checkEvery) {
    shownTo(run, stored, { nA: votesAt(recorded, n).fewest, n });
  }
  run.check({ counts: stored.counts, used: stored.nUsed });
  return state?.()?.upperRadius ?? 0;
}

/**
 * Says where the rule must have ended before, whatever the order of the votes, or undefined.
 *
 * The votes of every class but one only delay or hasten a decision. So the run is shown the votes for the class as early as the recorded moments
 * admit: a rule that gives up even so must have given up. And as late: what is proven even so must have been proven.
 * @internal
 */
export function earlierEnd(replay: Replay, result: RuleResult): string | undefined {
  const { stored, recordRule } = replay;
  // What is certified without steps was in reach all the time.
  if (result.steps === undefined && result.reason === 'certified') return undefined;
  if (recordRule.name === 'top-two' || recordRule.name === 'top-k') return rankGivenUp(replay);
  const recorded = recordedMoments(stored);
  const between = unrecordedChecks(stored, recordRule, recorded);
  if (between.length === 0) return undefined;
  return givenUp(replay, recorded, between) ?? provenBefore(replay, recorded, between, result);
}

/** The start, the moments of the steps and the end, each once. */
function recordedMoments({ steps = [], nA, nUsed }: Certificate): readonly Moment[] {
  const moments = [{ nA: 0, n: 0 }, ...steps.map((step) => ({ nA: step.nA, n: step.n })), { nA, n: nUsed }];
  return moments.filter((moment, i) => moment.n !== moments[i - 1]?.n);
}

/** The last check before each recorded moment, and all looks of a ladder. */
function unrecordedChecks(
  { checkEvery, n, nUsed }: Certificate,
  { name, parameters }: CertificationRule,
  recorded: readonly Moment[],
): readonly number[] {
  const before = recorded.map((moment) => (Math.ceil(moment.n / checkEvery) - 1) * checkEvery);
  const looks = name === 'ladder' ? looksOf(parameters['sizes'] as readonly number[], { n, checkEvery }) : [];
  const known = new Set(recorded.map((moment) => moment.n));
  const all = [...before, ...(looks ?? [])].filter((at) => at > 0 && at < nUsed && !known.has(at));
  return [...new Set(all)].sort((a, b) => a - b);
}

/** Most and fewest votes for the class at a moment between the recorded ones. */
function votesAt(recorded: readonly Moment[], at: number): { readonly most: number; readonly fewest: number } {
  const i = recorded.findIndex((moment) => moment.n >= at);
  const [from, to] = [recorded[Math.max(0, i - 1)] as Moment, recorded[i] as Moment];
  if (to.n === at) return { most: to.nA, fewest: to.nA };
  return { most: Math.min(to.nA, from.nA + at - from.n), fewest: Math.max(from.nA, to.nA - (to.n - at)) };
}

function shownTo(run: RuleRun, { counts, cAHat }: Certificate, { nA, n }: Moment): string | undefined {
  return run.check({ counts: counts.map((_, c) => (c === cAHat ? nA : 0)), used: n });
}

/** All moments before the end, in order. */
function momentsOf(recorded: readonly Moment[], between: readonly number[]): readonly number[] {
  const inner = recorded.slice(1, -1).map((moment) => moment.n);
  return [...inner, ...between].sort((a, b) => a - b);
}

function givenUp(replay: Replay, recorded: readonly Moment[], between: readonly number[]): string | undefined {
  const { stored, recordRule, state } = replay;
  const run = replay.begin();
  for (const n of momentsOf(recorded, between)) {
    const { most } = votesAt(recorded, n);
    const ended = shownTo(run, stored, { nA: most, n });
    const result = run.result({ counts: stored.counts, used: n });
    const last = state?.();
    if (last === undefined) {
      // Votes that came that early have proven something that the real ones had not: the run is at another question now.
      if ((result.steps ?? []).length !== (stored.steps ?? []).filter((step) => step.n <= n).length) return undefined;
    } else {
      const known = momentOf(stored, last, result);
      const stop = stopsOfRecord(recordRule).find((one) => verdictOf(one, known) === 'yes');
      if (stop !== undefined) return before(stop.name, n, stored);
    }
    if (ended !== undefined) return before(ended, n, stored);
  }
  return undefined;
}

/** Whether a rank certificate was out of reach at the check before the end, whatever the votes in between. */
function rankGivenUp({ stored, recordRule, begin }: Replay): string | undefined {
  const { k = 1, labelFrom } = recordRule.parameters as { readonly k?: number; readonly labelFrom?: string };
  const n = (Math.ceil(stored.nUsed / stored.checkEvery) - 1) * stored.checkEvery;
  // The votes may have named any class until then.
  if (n <= 0 || labelFrom === 'estimation') return undefined;
  const tally = bestTallyBefore({ counts: stored.counts, used: stored.nUsed }, { label: stored.cAHat, k, used: n });
  const ended = begin().check(tally);
  return ended === undefined ? undefined : before(ended, n, stored);
}

function provenBefore(
  { stored, begin }: Replay,
  recorded: readonly Moment[],
  between: readonly number[],
  result: RuleResult,
): string | undefined {
  if (result.steps === undefined) return undefined;
  const run = begin();
  for (const n of momentsOf(recorded, between)) shownTo(run, stored, { nA: votesAt(recorded, n).fewest, n });
  run.check({ counts: stored.counts, used: stored.nUsed });
  const steps = run.result({ counts: stored.counts, used: stored.nUsed }).steps ?? [];
  const other = steps.find((step, i) => step.n !== result.steps?.[i]?.n);
  return other && `the rule proves radius ${other.radius} at ${other.n} samples already`;
}

/** The best bound is that of the record; one that the shown votes only imagine is not. */
function momentOf(
  { steps = [], checkEvery, norm }: Certificate,
  state: StopState,
  { steps: derived = [] }: RuleResult,
): AnytimeMoment {
  const nothing = { radius: nothingProven(norm), n: 0 };
  // In a norm that counts changes moments that prove nothing are not recorded.
  const imagined = countsChanges(norm) ? undefined : derived.at(-1);
  return { state, checkEvery, norm, best: steps.at(-1) ?? imagined ?? nothing };
}

function before(stop: string, n: number, { nUsed }: Certificate): string {
  return `the rule ends at ${n} samples (${stop}), before nUsed = ${nUsed}`;
}
