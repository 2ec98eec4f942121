/**
 * The order of the methods, compared only where it is certain.
 */
import { METHODS } from '../certification.ts';
import type { PublishedMethod } from 'catrs/recipes';
import { leadOf } from './compare.ts';
import type { Lead, Side } from './compare.ts';
import type { MethodResults, Results } from './read-results.ts';

/** What the two orders of a pair of methods say about each other. */
export type Verdict = 'agree' | 'disagree' | 'undecided';

/** Two methods on the images that both have. */
export interface Pair {
  readonly a: PublishedMethod;
  readonly b: PublishedMethod;
  /** The lead of `a` over `b`. */
  readonly lead: Lead;
  /** 1 where `a` is ahead and the whole interval is above 0, -1 where it is behind and the whole interval is below, else 0. */
  readonly ours: number;
  readonly official: number;
  readonly verdict: Verdict;
}

/** Every pair of methods that were run with the same n and share at least two images. */
export function ranking({ methods }: Results): Pair[] {
  const run = METHODS.flatMap((method) => methods.filter((results) => results.method === method).filter(hasLog));
  return run.flatMap((b, i) =>
    run.slice(i + 1).flatMap((a) => {
      const lead = leadOf(a, b);
      return lead ? [pairOf(a.method, b.method, lead)] : [];
    }),
  );
}

/** The pair with its verdict: undecided unless both intervals exclude 0. */
export function pairOf(a: PublishedMethod, b: PublishedMethod, lead: Lead): Pair {
  const [ours, official] = [separation(lead.ours), separation(lead.capped)];
  const verdict = ours * official === 0 ? 'undecided' : ours === official ? 'agree' : 'disagree';
  return { a, b, lead, ours, official, verdict };
}

function separation({ low, high }: { readonly low: number; readonly high: number }): number {
  return low > 0 ? 1 : high < 0 ? -1 : 0;
}

/** Whether the method was certified. */
export function hasLog(results: MethodResults): results is MethodResults & Side {
  return results.log !== undefined;
}
