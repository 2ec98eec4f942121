import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { type Fraction, fractionOf, isBelow, largestWith } from './exact-fraction.ts';
import { keepsLead, leadOf } from './kept-lead.ts';

/** What an adversary does to a sequence, named by what he does: a substitution puts another token in the place of one. */
export type EditKind = 'edit' | 'insert' | 'delete' | 'substitute';

const HALF: Fraction = { above: 1n, below: 2n };

/** The chance that all of `count` tokens are deleted. */
function allDeleted({ above, below }: Fraction, count: number): Fraction {
  return { above: above ** BigInt(count), below: below ** BigInt(count) };
}

/**
 * The largest number of edits of a sequence that leaves the class its majority, or its place among the k most probable ones; −1 where it is not
 * proven at x, Infinity where there is no end.
 *
 * Each token is deleted with probability p, q = 1 − p_A is an upper bound. Given that all tokens that the edits touch are deleted, copies of both
 * sequences have one law. So
 * - 'edit', any mixture, the worst of which are substitutions (the same as 'substitute'): certified for r if p^r > 1/2 + q; with upper bounds on
 *   the others see {@link keepsLead}, η = p^r;
 * - 'insert', tokens inserted by the adversary: p^r (1 − q) > 1/2;
 * - 'delete', tokens deleted by him: q < p^r / 2.
 *
 * Strict and exact, q and the bounds of others as the doubles that they are.
 *
 * @param deletion - p, the probability with which a copy leaves a token out
 * @param others - upper bounds of all other classes, for 'edit' alone
 * @see Huang et al., "RS-Del: Edit Distance Robustness Certificates for Sequence Classifiers via Randomized Deletion", NeurIPS 2023
 * @internal
 */
export function deletionRadius(
  deletion: Fraction,
  bound: ProbabilityBound,
  kind: EditKind = 'edit',
  others: readonly UpperProbabilityBound[] = [],
  k = 1,
): number {
  const q = fractionOf(Math.min(1, bound.q));
  const lead = leadOf(q, others.map(({ p }) => fractionOf(p)), k); // prettier-ignore
  const edit = (all: Fraction): boolean => keepsLead(lead, all);
  const certified: Readonly<Record<EditKind, (all: Fraction) => boolean>> = {
    edit,
    substitute: edit,
    insert: (all) => isBelow(HALF, { above: all.above * (q.below - q.above), below: all.below * q.below }),
    delete: (all) => isBelow({ above: 2n * q.above, below: q.below }, all),
  };
  if (kind === 'delete' && q.above === 0n) return Infinity;
  return largestWith((r) => certified[kind](allDeleted(deletion, r)));
}

/**
 * A lower bound on the probability of the class after these edits: p^(new − gone) (p_A − 1 + p^gone), at least 0.
 *
 * A substitution adds 1 to gone and to new, a deletion by the adversary to gone, an insertion to new.
 *
 * @internal
 */
export function leastAfterEdits(
  deletion: Fraction,
  bound: ProbabilityBound,
  edits: { readonly substituted: number; readonly inserted: number; readonly deleted: number },
): Fraction {
  const q = fractionOf(Math.min(1, bound.q));
  const gone = allDeleted(deletion, edits.substituted + edits.deleted);
  const excess = gone.above * q.below - q.above * gone.below; // p^gone − q
  if (excess <= 0n) return { above: 0n, below: 1n };
  const more = edits.inserted - edits.deleted;
  const factor = allDeleted(deletion, Math.abs(more));
  const [above, below] = more >= 0 ? [factor.above, factor.below] : [factor.below, factor.above];
  return { above: above * excess, below: below * gone.below * q.below };
}
