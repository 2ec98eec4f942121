import type { BetaPrior } from '../stats/beta-mixture.ts';
import type { RuleContext } from './rule.ts';
import { votesFor } from './votes-for.ts';

/** The prior that knows nothing: Beta(½, ½). @internal */
export const JEFFREYS: readonly BetaPrior[] = [{ weight: 1, a: 0.5, b: 0.5 }];

/** The prior of one who expects nearly all votes to agree: Beta(1, 0.1). @internal */
export const NEAR_ONE: readonly BetaPrior[] = [{ weight: 1, a: 1, b: 0.1 }];

/**
 * What the selection sample says about the class probability, kept safe by a share of the Jeffreys prior:
 * 0.8 Beta(h₀ + ½, n₀ − h₀ + ½) + 0.2 Beta(½, ½) for h₀ of n₀ votes.
 *
 * Any prior fixed before the estimation sample is sound; a good one only saves samples.
 * @internal
 */
export function selectionPriors({
  countsSelection,
  cAHat,
}: Pick<RuleContext, 'countsSelection' | 'cAHat'>): BetaPrior[] {
  const votes = votesFor({ counts: countsSelection }, cAHat);
  const others = countsSelection.reduce((sum, count) => sum + count, -votes);
  return [{ weight: 0.8, a: votes + 0.5, b: others + 0.5 }, ...JEFFREYS.map((prior) => ({ ...prior, weight: 0.2 }))];
}
