import { nothingProven } from '../options/counting-norms.ts';
import type { Norm } from '../types.ts';
import { DEADLINE_NAME, isReached, type StopState } from './stops.ts';
import type { EvidenceStep, RuleRecord } from './types.ts';

/** Where a run of {@link anytimeRadius} stands at a check, as far as its record tells. @internal */
export interface AnytimeMoment {
  /** What a stop would see; `upper` is at least that of the run, which had more checks. */
  readonly state: StopState;
  /** The moment of the best bound of the run, and its radius: up to this moment, or later. */
  readonly best: Pick<EvidenceStep, 'radius' | 'n'>;
  /** In what radii are measured. */
  readonly norm: Norm;
  /** Stops are asked at multiples of this. */
  readonly checkEvery: number;
  /** The least `upperRadius` that any order of the votes gives, where somebody asks for it. */
  readonly lowestUpperRadius?: (() => number) | undefined;
}

/**
 * Whether a run can have ended at a moment by this name: by a stop that may have held and that no other had to forestall, or, where none had
 * to hold, as the rule ends without stops.
 * @internal
 */
export function isPossibleStop(
  name: string,
  stops: readonly RuleRecord[],
  moment: AnytimeMoment,
  otherwise: string | undefined,
): boolean {
  const known = { ...moment, lowestUpperRadius: undefined }; // it costs a pass over all checks
  for (const stop of stops) {
    if (stop.name === name && verdictOf(stop, moment) !== 'no') return true;
    if (verdictOf(stop, known) === 'yes') return false;
  }
  return name === otherwise;
}

/** Whether a stop holds: some remember what cannot be known from the record, and a clock cannot be read again. */
type Verdict = 'yes' | 'no' | 'perhaps';

/** Whether one stop held at a moment. @internal */
export function verdictOf(stop: RuleRecord, moment: AnytimeMoment): Verdict {
  const { state, best, checkEvery, norm } = moment;
  const nothing = nothingProven(norm);
  const value = (name: string): number => Number(stop.parameters[name]);
  const isPast = best.n <= state.used;
  const least = isPast ? best.radius : nothing;
  switch (stop.name) {
    case 'stop-at-samples':
      return state.used >= value('samples') ? 'yes' : 'no';
    case 'stop-at-radius':
      if (!isReached({ radius: best.radius, lower: state.lower }, value('radius'))) return 'no';
      return isPast ? 'yes' : 'perhaps';
    case 'stop-at-width':
      if (state.upperRadius - least <= value('width')) return 'yes';
      // The bounds of other checks may have been closer.
      return (moment.lowestUpperRadius?.() ?? 0) - best.radius <= value('width') ? 'perhaps' : 'no';
    case 'stop-at-gain': {
      const before = state.used - value('over');
      if (before < 0) return 'no';
      const isOld = best.n <= Math.floor(before / checkEvery) * checkEvery;
      return isOld || best.radius - nothing < value('gain') ? 'yes' : 'perhaps';
    }
    case DEADLINE_NAME:
      return value('milliseconds') === 0 ? 'yes' : 'perhaps';
    case 'all-of': {
      const verdicts = stopsOfRecord(stop).map((one) => verdictOf(one, moment));
      if (verdicts.includes('no')) return 'no';
      return verdicts.includes('perhaps') ? 'perhaps' : 'yes';
    }
    default:
      return 'perhaps';
  }
}

/** The stops of the record of a rule, in their order. @internal */
export function stopsOfRecord({ parameters }: RuleRecord): readonly RuleRecord[] {
  const { stops } = parameters;
  return Array.isArray(stops) ? stops.map(named) : [];
}

const named = (record: unknown): RuleRecord => record as RuleRecord;
