import type { Tally } from './rule.ts';

/** Votes for one class. @internal */
export function votesFor(tally: Pick<Tally, 'counts'>, label: number): number {
  return tally.counts[label] ?? 0;
}

/** Drawn and planned samples that voted for no class so far: those not drawn yet, and those that the sampler failed to draw. @internal */
export function missingVotes({ counts }: Pick<Tally, 'counts'>, n: number): number {
  return counts.reduce((left, count) => left - count, n);
}
