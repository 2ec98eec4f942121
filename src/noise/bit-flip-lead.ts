import { OptionError, refusal } from '../errors.ts';
import { weakerReading } from '../stats/rounding.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { type BitChanges, groupRegions, isProven } from './bit-flip-radius.ts';
import { bitProfile, type FlipChances, isLeadClear, productOfProfiles } from './likelihood-profile.ts';

/** A bit is flipped by comparing one of so many equally probable words. @internal */
export const FLIP_WORDS: number = 2 ** 32;
/** The probability of a word. @internal */
export const FLIP_WORD: number = 2 ** -32;

/** So many words flip a bit. @internal */
export function flipWordsOf(chance: number): number {
  return Math.round(chance * FLIP_WORDS);
}

/** What is known of the class probabilities at the input. @internal */
export interface Lead {
  /** Upper bound on what the class lacks to 1. */
  readonly q: number;
  /** Upper bound on the largest other class; that is q where no other is known. */
  readonly other: number;
}

/** What bounds say, each read as the part of it that claims less. @internal */
export function leadOf(call: string, lower: ProbabilityBound, others?: readonly UpperProbabilityBound[]): Lead {
  const { q } = weakerReading(call, lower);
  const upper = others?.map((other) => weakerReading(call, { p: other.q, q: other.p }).q) ?? [q];
  return { q, other: Math.min(q, Math.max(0, ...upper)) };
}

/** Throws unless only the most probable class is asked for. @internal */
export function assertTopOne(call: string, k: number): void {
  if (k === 1) return;
  const way = 'for the most probable class take fixedSample or topTwo; for the k most probable ones AblationNoise';
  throw refusal(OptionError, { call, field: 'k', value: k, way }, 'must be 1');
}

/** Exact fractions take about a second for so many changes. @internal */
export const MOST_EXACT_CHANGES: number = 512;

/**
 * Whether a class stays the most probable one whatever bits of each group are changed, so many of each kind.
 *
 * Doubles decide where they can; so near a tie that only exact fractions tell, those do, and where they would take minutes nothing is claimed.
 *
 * @internal
 */
export function keepsLead(groups: readonly FlipChances[], { q, other }: Lead, changes: readonly BitChanges[]): boolean {
  const words = groups.map(({ addition, deletion }) => [flipWordsOf(addition), flipWordsOf(deletion)] as const);
  const profiles = words.map(([addition, deletion], g) =>
    bitProfile({ addition: addition * FLIP_WORD, deletion: deletion * FLIP_WORD }, changes[g]!),
  );
  const clear = isLeadClear(profiles.reduce(productOfProfiles), q, other);
  if (clear !== undefined) return clear;
  if (changes.reduce((sum, { added, deleted }) => sum + added + deleted, 0) > MOST_EXACT_CHANGES) return false;
  const of = BigInt(FLIP_WORDS);
  const laws = words.map(
    ([addition, deletion], g) => [{ addition: BigInt(addition), deletion: BigInt(deletion), of }, changes[g]!] as const,
  );
  return isProven(groupRegions(laws), { p: 1 - q, q }, [{ p: other, q: 1 - other }]);
}
