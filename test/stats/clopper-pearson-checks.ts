import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson-lower-bound.ts';
import { type Big, compare, exactly, exactTail } from './exact-binomial-tail.ts';

/** Largest allowed excess of q, relative. */
export const TOLERANCE = 1e-9;

export const ALPHAS: readonly number[] = [1e-300, 1e-30, 1e-6, 0.0005, 0.001, 0.05, 0.25, 0.5, 0.75, 0.999];

/** What is wrong with the bound of (k, n, alpha) according to the exact tail; the empty list when it is sound and tight. */
export function faults(k: number, n: number, alpha: number, coefficient: Big): string[] {
  const { p, q } = clopperPearsonLowerBound(k, n, alpha);
  const found: string[] = [];
  const at = `(${k}, ${n}, ${alpha}): { p: ${p}, q: ${q} }`;
  const level = exactly(alpha);
  if (p > 0.5) {
    // q is the claim; p must not exceed 1 − q, and 1 − p is exact here.
    if (1 - p < q) found.push(`p above 1 - q at ${at}`);
    if (compare(exactTail(k, n, { q }, coefficient), level) > 0) found.push(`q below the exact one at ${at}`);
  } else if (p > 0) {
    if (1 - q > p) found.push(`q below 1 - p at ${at}`);
    if (compare(exactTail(k, n, { p }, coefficient), level) > 0) found.push(`p above the exact one at ${at}`);
    if (compare(exactTail(k, n, { p: p * (1 + TOLERANCE) }, coefficient), level) < 0) found.push(`p too low at ${at}`);
  }
  if (compare(exactTail(k, n, { q: q / (1 + TOLERANCE) }, coefficient), level) < 0) found.push(`q too high at ${at}`);
  return found;
}
