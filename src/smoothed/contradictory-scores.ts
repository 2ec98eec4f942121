import type { Certificate, ScoreSums } from '../certify/types.ts';
import type { Noise } from '../noise/types.ts';
import { countsChanges } from '../options/counting-norms.ts';
import { softRuleFaults, softSettingsOf, thresholdList } from './soft-bound.ts';

/** Room for the rounding of sums of n scores. */
const ROUNDING = 1e-9;

/** What a soft certificate is held against. */
interface ScoreContext {
  readonly noise: Noise;
  /** Whether every copy of the noise can be drawn. */
  readonly cannotFail: boolean;
}

/** What cannot be true together of the scores of a soft certificate, whatever the classifier. @internal */
export function contradictoryScores(stored: Certificate, { noise, cannotFail }: ScoreContext): string[] {
  const { rule, scores, n, failures, norm } = stored;
  const faults = softRuleFaults(rule);
  if (scores === undefined) return [...faults, 'scores are missing, but soft smoothing rests on them'];
  if (failures > 0 && cannotFail) faults.push(`failures is ${failures}, but ${noise.name} noise has none`);
  if (failures > n || scores.sum > (n - failures) * (1 + ROUNDING))
    faults.push(`scores sum to ${scores.sum}, with ${failures} failures of ${n}`);
  const hasCounts = scores.counts !== undefined;
  const { bound, thresholds = [] } = softSettingsOf(rule);
  if (hasCounts !== (bound === 'thresholds'))
    return [...faults, `scores ${hasCounts ? 'have' : 'lack'} counts, but rule is ${rule.name}`];
  if (!hasCounts) return faults;
  if (countsChanges(norm)) faults.push(`rule is ${rule.name}, but ${norm} counts changes`);
  return [...faults, ...contradictoryCounts(scores, { thresholds: thresholdList(thresholds), n, drawn: n - failures })];
}

/** What cannot be true of counts at thresholds. */
function contradictoryCounts(
  { sum, sumOfSquares, counts = [] }: ScoreSums,
  { thresholds, n, drawn }: { readonly thresholds: readonly number[]; readonly n: number; readonly drawn: number },
): string[] {
  const faults: string[] = [];
  const m = thresholds.length;
  if (counts.length !== m || !counts.every((k, j) => k <= (counts[j - 1] ?? drawn)))
    return [`scores have counts that ${drawn} scores cannot have at ${m} thresholds`];
  // Each score lies between the last threshold below it and the next.
  const room = ROUNDING * n;
  for (const [what, total, power] of [
    ['sum', sum, 1],
    ['sumOfSquares', sumOfSquares, 2],
  ] as const) {
    const at = (j: number): number => (j < 0 ? 0 : (thresholds[j] ?? 1) ** power);
    const least = counts.reduce((area, k, j) => area + (at(j) - at(j - 1)) * k, 0);
    const most = counts.reduce((area, k, j) => area + (at(j + 1) - at(j)) * k, at(0) * drawn);
    if (total < least - room || total > most + room)
      faults.push(`scores have ${what} ${total}, but their counts allow ${least} to ${most}`);
  }
  if (sumOfSquares > sum + room || sum * sum > (sumOfSquares + room) * drawn)
    faults.push(`scores sum to ${sum} with squares ${sumOfSquares}, which scores in [0, 1] cannot have`);
  return faults;
}
