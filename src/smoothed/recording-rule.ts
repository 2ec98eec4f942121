import type { CertificationRule, RuleResult, Tally } from '../certify/rule.ts';
import type { Certificate } from '../certify/types.ts';

/** Where a rule ended. */
interface RuleEnd extends Tally {
  readonly stop: string;
  readonly result: RuleResult;
}

/** A rule that keeps the votes at the moments on which a stored certificate rests. @internal */
export interface RecordingRule {
  /** Decides as the rule does, and draws on until the last of these moments. */
  readonly rule: CertificationRule;
  /** Votes per class by the number of samples. */
  readonly tallies: ReadonlyMap<number, readonly number[]>;
  /** Where the rule itself ended. */
  readonly end: () => RuleEnd;
}

/** @internal */
export function recordingRule(rule: CertificationRule, { nUsed, steps = [] }: Certificate): RecordingRule {
  const moments = new Set([nUsed, ...steps.map(({ n }) => n)]);
  const tallies = new Map<number, readonly number[]>();
  let ended: RuleEnd | undefined;
  const end = (): RuleEnd => {
    if (ended === undefined) throw new Error('the rule is asked at n at the latest');
    return ended;
  };
  const recording: CertificationRule = {
    name: rule.name,
    parameters: rule.parameters,
    begin: (context) => {
      const run = rule.begin(context);
      return {
        check: ({ counts, used }) => {
          const tally = { counts: [...counts], used };
          if (moments.has(used)) tallies.set(used, tally.counts);
          if (ended === undefined) {
            const stop = run.check(tally) ?? (used === context.n ? 'all-drawn' : undefined);
            if (stop !== undefined) ended = { ...tally, stop, result: run.result(tally) };
          }
          return used < nUsed ? undefined : ended?.stop;
        },
        result: () => end().result,
      };
    },
  };
  return { rule: recording, tallies, end };
}
