import { ownData } from '../host/own-data.ts';
import type { UpperProbabilityBound } from '../stats/clopper-pearson-upper-bound.ts';
import type { Json, ProbabilityBound } from '../types.ts';

/** What a stop may look at: where an {@link anytimeRadius} run stands. */
export interface StopState {
  /** Votes for the class so far. */
  readonly nA: number;
  /** Samples drawn so far. */
  readonly used: number;
  /** Best lower bound on the class probability so far. */
  readonly lower: ProbabilityBound;
  /** Best upper bound so far: what the radius could still become. Lower and upper bound hold together with probability 1 − alpha. */
  readonly upper: UpperProbabilityBound;
  /** Radius proven so far. */
  readonly radius: number;
  /** Radius that the upper bound would give. */
  readonly upperRadius: number;
}

/**
 * When a sequential run may end: a plain object. The radius holds whatever the stop does, so it may depend on anything.
 *
 * To be remade from a log by `ruleOf`, and to give the same certificate again, it must be one of those of catrs.
 */
export interface Stop {
  /** Name in logs; it becomes `stop` of the certificate. */
  readonly name: string;
  /** Its parameters, in logs. */
  readonly parameters: Readonly<Record<string, Json>>;
  /** Starts on one example, before its estimation sample. The function is asked once at every multiple of `checkEvery`. */
  readonly begin: () => (state: StopState) => boolean;
}

/** Stops as they are now: a rule asks them, and names them in its record, long after it was made. @internal */
export function ownStops(stops: readonly Stop[]): Stop[] {
  return stops.map((stop) => ({ name: stop.name, parameters: ownData(stop.parameters), begin: () => stop.begin() }));
}
