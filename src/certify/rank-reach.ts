import { clopperPearsonLowerBound } from '../stats/clopper-pearson-lower-bound.ts';
import { clopperPearsonUpperBound } from '../stats/clopper-pearson-upper-bound.ts';
import { leastCount } from './least-count.ts';
import type { Tally } from './rule.ts';
import { missingVotes, votesFor } from './votes-for.ts';

/** What decides whether a class can still be proven to be among the k most probable ones. */
export interface RankReach {
  readonly n: number;
  /** Levels of the lower bound on the class and of the upper bound on a rival. */
  readonly alphaLower: number;
  readonly alphaUpper: number;
  readonly k: number;
}

/**
 * Tells from the votes so far whether even unanimous remaining votes would leave a rank certificate out of reach.
 *
 * With p the lower bound on the class and b the k-th largest upper bound on the others, a radius above 0 needs p > S_t/t for some t, and
 * S_t/t is at least min(b, (1 − p)/k) for each. So nothing is left to hope for once p ≤ b and p ≤ 1/(k + 1).
 * @internal
 */
export function rankOutOfReach({ n, alphaLower, alphaUpper, k }: RankReach): (tally: Tally, label: number) => boolean {
  const lower = (count: number): number => clopperPearsonLowerBound(count, n, alphaLower).p;
  let safe: number | undefined;
  return ({ counts, used }, label) => {
    safe ??= leastCount(n, (count) => lower(count) > 1 / (k + 1));
    const best = votesFor({ counts }, label) + (n - used);
    if (best >= safe) return false;
    const failed = missingVotes({ counts }, used);
    const rivals = counts.filter((_, c) => c !== label).sort((a, b) => b - a);
    const rival = (rivals[k - 1] ?? 0) + failed;
    return lower(best) <= clopperPearsonUpperBound(rival, n, alphaUpper).p;
  };
}
