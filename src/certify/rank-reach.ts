import { OptionError, refusal } from '../errors.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../stats/clopper-pearson.ts';
import { countsChanges, nothingProven } from '../options/counting-norms.ts';
import { leastCount } from '../stats/minimum-samples.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import type { RuleContext, Tally } from './rule.ts';
import { missingVotes, votesFor } from './vote-counts.ts';

/** What decides whether a class can still be proven to be among the k most probable ones. */
interface RankReach {
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

/**
 * The votes of the first `used` samples that are best for a class among the k most probable ones, where all are known to end in a tally: its own
 * votes came early, failures and those for its k-th rival late.
 * @internal
 */
export function bestTallyBefore(
  tally: Tally,
  { label, k, used }: { readonly label: number; readonly k: number; readonly used: number },
): Tally {
  const counts = [...tally.counts];
  const own = Math.min(votesFor(tally, label), used);
  let late = tally.used - used - (votesFor(tally, label) - own);
  counts[label] = own;
  late -= Math.min(late, missingVotes(tally, tally.used));
  const rivals = counts.map((_, c) => c).filter((c) => c !== label);
  rivals.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0));
  // From the classes at the k-th place and below, then from those above.
  for (const from of [rivals.slice(k - 1), rivals.slice(0, k - 1)]) late = takeFromTop(counts, from, late);
  return { counts, used };
}

/** Takes votes from the largest counts of some classes, as evenly as they come; returns how many were not there. */
function takeFromTop(counts: number[], classes: readonly number[], votes: number): number {
  let left = votes;
  while (left > 0) {
    const most = Math.max(0, ...classes.map((c) => counts[c] ?? 0));
    if (most === 0) return left;
    const tied = classes.filter((c) => counts[c] === most);
    const next = Math.max(0, ...classes.map((c) => counts[c] ?? 0).filter((count) => count < most));
    const each = Math.min(most - next, Math.max(1, Math.floor(left / tied.length)));
    for (const c of tied) {
      const taken = Math.min(each, left);
      counts[c] = most - taken;
      left -= taken;
    }
  }
  return left;
}

/** Whether bounds say that a class is among the k most probable ones: that the k-th rival is less probable, or that k others cannot all be as probable. */
function isAmongTop(lower: ProbabilityBound, others: readonly UpperProbabilityBound[], k: number): boolean {
  const rival = others.map(({ p }) => p).sort((a, b) => b - a)[k - 1] ?? 0;
  return lower.p > rival || k * lower.p > lower.q;
}

/**
 * The noise's radius against other classes; throws where the noise has none. In a norm that counts changes a radius of 0 says that the class is among the
 * top: where the bounds do not say so, nothing is proven, whatever the noise says.
 * @internal
 */
export function requireRadiusAgainst(
  call: string,
  { radiusAgainst, norm }: Pick<RuleContext, 'radiusAgainst' | 'norm'>,
): NonNullable<RuleContext['radiusAgainst']> {
  if (radiusAgainst !== undefined && countsChanges(norm))
    return (lower, others, k) => (isAmongTop(lower, others, k) ? radiusAgainst(lower, others, k) : nothingProven(norm));
  if (radiusAgainst !== undefined) return radiusAgainst;
  const way =
    'this noise knows only the radius of one bound: use fixedSample, or a noise that has it, such as GaussianNoise';
  const details = { call, field: 'noise.radiusAgainst', value: undefined, way };
  throw refusal(OptionError, details, 'must be a function for this rule');
}
