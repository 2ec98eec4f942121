import { OptionError, refusal } from '../errors.ts';
import { leastCount } from '../stats/minimum-samples.ts';
import type { Tally } from './rule.ts';

/** The most voted class; the lowest index among equals, as numpy's argmax. @internal */
export function topClass(counts: readonly number[]): number {
  return counts.reduce((best, count, c) => (count > (counts[best] ?? 0) ? c : best), 0);
}

/** Votes for one class. @internal */
export function votesFor(tally: Pick<Tally, 'counts'>, label: number): number {
  return tally.counts[label] ?? 0;
}

/** Drawn and planned samples that voted for no class so far: those not drawn yet, and those that the sampler failed to draw. @internal */
export function missingVotes({ counts }: Pick<Tally, 'counts'>, n: number): number {
  return counts.reduce((left, count) => left - count, n);
}

/**
 * The earliest number of samples with which something may hold that more samples can only help, `holds` of so many more; n where nothing does.
 * The next check is tried first: most rules may decide there.
 * @internal
 */
export function earliestWith(
  used: number,
  { n, checkEvery = 1 }: { readonly n: number; readonly checkEvery?: number | undefined },
  holds: (more: number) => boolean,
): number {
  const next = Math.min(checkEvery - (used % checkEvery), n - used);
  return used + (holds(next) ? next : Math.min(n - used, leastCount(n - used, holds)));
}

/** Throws unless n samples are enough to certify something; `least` is the least such n. @internal */
export function assertEnoughSamples(
  call: string,
  { n, alpha }: { readonly n: number; readonly alpha: number },
  least: number,
): void {
  if (n >= least) return;
  const way = 'with fewer samples even unanimous votes abstain: raise n or alpha';
  const must = `must be at least ${least} to certify anything at alpha = ${alpha}`;
  throw refusal(OptionError, { call, field: 'n', value: n, way }, must);
}
