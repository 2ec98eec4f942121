import { readFileSync } from 'node:fs';
import type { ProbabilityBound, UpperProbabilityBound } from '../../src/types.ts';

/** Golden rows of a family, in exact numbers of a second implementation; test/fixtures/README.md says where they come from. */
export function goldenFamily<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/families/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** The bound whose q is this double. */
export const boundOfQ = (q: string): ProbabilityBound => ({ p: 1 - Number(q), q: Number(q) });

/** The upper bound that is this double. */
export const upperBound = (p: string): UpperProbabilityBound => ({ p: Number(p), q: 1 - Number(p) });
