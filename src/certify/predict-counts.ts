import { parsePredictCountsRequest } from '../options/counts-options.ts';
import { binomialTest } from '../stats/binomial-test.ts';
import { ABSTAIN, type Prediction } from './types.ts';

/**
 * PREDICT as a function of the counts: the most voted class, or abstention if the race is too close.
 *
 * n₁ ≥ n₂ are the two largest counts; it abstains if the two-sided exact binomial test of n₁ out of n₁ + n₂ at 1/2 has a p-value
 * above alpha. With probability at least 1 − alpha over the draws it abstains or returns the class of the smoothed classifier.
 *
 * Votes that are missing may have been for any class. It answers only where every way to give them out would give the same answer: they go
 * to the runner-up, n₂ + missing, which is the way with the largest p-value; and if that reaches n₁ it abstains, with p-value 1.
 *
 * @param missing - samples that could not be drawn, which voted for no class
 * @throws OptionError for counts that are no votes, alpha outside (0, 1] or a `missing` that is no count
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, PREDICT and Proposition 1; Hung, Fithian, "Rank verification", 2016
 */
export function predictCounts(
  counts: readonly number[],
  alpha: number,
  missing = 0,
): Pick<Prediction, 'label' | 'abstained' | 'pValue' | 'top'> {
  parsePredictCountsRequest('predictCounts', { counts, alpha, missing });
  // Among equals the highest index comes first, as in the reference; a tie never passes the test.
  const order = counts.map((_, c) => c).sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || b - a);
  const [top = 0, second = 0] = order;
  const [most, rival] = [counts[top] ?? 0, (counts[second] ?? 0) + missing];
  const isOpen = missing > 0 && rival >= most;
  const pValue = isOpen ? 1 : binomialTest(most, rival);
  const abstained = isOpen || pValue > alpha;
  return { label: abstained ? ABSTAIN : top, abstained, pValue, top };
}
