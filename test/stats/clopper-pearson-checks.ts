import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import type { ProbabilityBound } from '../../src/types.ts';
import { type Big, compare, exactly, exactTail, type Given } from './exact-binomial-tail.ts';

/** Largest allowed excess of q, relative. */
export const TOLERANCE = 1e-9;

export const ALPHAS: readonly number[] = [1e-300, 1e-30, 1e-6, 0.0005, 0.001, 0.05, 0.25, 0.5, 0.75, 0.999];

/**
 * What is wrong with a lower bound: the empty list when it is sound and tight.
 *
 * `side` says, exactly, whether a probability is below the exact bound (-1), at it (0), or above it (1).
 */
export function faultsOf({ p, q }: ProbabilityBound, side: (given: Given) => number): string[] {
  const found: string[] = [];
  if (p > 0.5) {
    // q is the claim; p must not exceed 1 − q, and 1 − p is exact here.
    if (1 - p < q) found.push('p above 1 - q');
    if (side({ q }) > 0) found.push('q below the exact one');
  } else if (p > 0) {
    if (1 - q > p) found.push('q below 1 - p');
    if (side({ p }) > 0) found.push('p above the exact one');
    if (side({ p: p * (1 + TOLERANCE) }) < 0) found.push('p too low');
  }
  if (side({ q: q / (1 + TOLERANCE) }) < 0) found.push('q too high');
  return found.map((fault) => `${fault}: { p: ${p}, q: ${q} }`);
}

/** What is wrong with the Clopper-Pearson bound of (k, n, alpha) according to the exact tail. */
export function faults(k: number, n: number, alpha: number, coefficient: Big): string[] {
  const level = exactly(alpha);
  const side = (given: Given): number => compare(exactTail(k, n, given, coefficient), level);
  const found = faultsOf(clopperPearsonLowerBound(k, n, alpha), side);
  return found.map((fault) => `(${k}, ${n}, ${alpha}) ${fault}`);
}
