import { bandWidth, type ScoreCounts, scoreCounts } from '../../stats/score-bounds.ts';
import type { SideCounts } from './score-certificate.ts';

/** Counts of a band are stored at about so many scores. */
const MOST_STEPS = 1000;

/** What is counted of the scores of a class on one side. @internal */
export class SideTally {
  readonly #side: 'lower' | 'upper';
  readonly #thresholds: readonly number[] | undefined;
  readonly #counts: number[];
  readonly #scores: number[] | undefined;

  /** @param thresholds - fixed before the samples; undefined where only the band is asked for */
  constructor(side: 'lower' | 'upper', thresholds: readonly number[] | undefined, keepsScores: boolean) {
    this.#side = side;
    this.#thresholds = thresholds;
    this.#counts = (thresholds ?? []).map(() => 0);
    this.#scores = keepsScores ? [] : undefined;
  }

  /** Takes the score of a sample that was drawn. */
  take(score: number): void {
    this.#scores?.push(score);
    this.#thresholds?.forEach((threshold, j) => {
      if (this.#side === 'lower' ? score >= threshold : score <= threshold)
        this.#counts[j] = (this.#counts[j] ?? 0) + 1;
    });
  }

  /** What the bounds follow from; of the band, for so many samples and at this level. */
  counted(n: number, alpha: number): SideCounts {
    const [thresholds, scores] = [this.#thresholds, this.#scores];
    return {
      ...(thresholds && { thresholds: { thresholds, counts: [...this.#counts] } }),
      ...(scores && {
        band: fewerSteps(withinBand(scoreCounts(scores, this.#side), n * bandWidth(n, alpha)), this.#side),
      }),
    };
  }
}

/** The counts of which the band leaves something, and that of all scores. */
function withinBand({ thresholds, counts }: ScoreCounts, least: number): ScoreCounts {
  const all = counts.reduce((most, count) => Math.max(most, count), 0);
  const kept = counts.flatMap((count, i) => (count > least || count === all ? [i] : []));
  return { thresholds: kept.map((i) => thresholds[i] as number), counts: kept.map((i) => counts[i] as number) };
}

/**
 * Some of the counts of a band, which holds at all scores at once, so that any may be chosen. Leaving out those between two others costs the area of
 * the steps between them; each such area stays below a 10⁻⁶th of the range of the scores, and all of them below some thousandth.
 */
function fewerSteps({ thresholds, counts }: ScoreCounts, side: 'lower' | 'upper'): ScoreCounts {
  if (thresholds.length <= MOST_STEPS) return { thresholds, counts };
  // Upwards for a lower bound; downwards, where the counts mirror it, for an upper one.
  const order = thresholds.map((_, i) => (side === 'lower' ? i : thresholds.length - 1 - i));
  const at = (values: readonly number[], i: number): number => values[order[i] as number] as number;
  const last = order.length - 1;
  const [width, all] = [Math.abs(at(thresholds, last) - at(thresholds, 0)), at(counts, 0)];
  const most = (width * all) / MOST_STEPS ** 2;
  const kept = [0];
  for (let i = 1; i < last; i++) {
    const from = kept.at(-1) as number;
    const area = Math.abs(at(thresholds, i + 1) - at(thresholds, from)) * (at(counts, from + 1) - at(counts, i + 1));
    if (area > most) kept.push(i);
  }
  kept.push(last);
  const chosen = kept.map((i) => order[i] as number).sort((a, b) => a - b);
  return { thresholds: chosen.map((i) => thresholds[i] as number), counts: chosen.map((i) => counts[i] as number) };
}

/**
 * Thresholds from the scores of the selection sample: so many of their quantiles, the least score first (for an upper bound: the greatest), for a lower bound each lowered, for
 * an upper one raised by one unit in the last place, so that the same score again counts. Equal ones are one.
 *
 * Where the scores differ, a quarter of the thresholds lies beyond the outermost score, halving the way to it: nearly all scores lie above these, which leaves more of the
 * probability than the first quantile has.
 * @internal
 */
export function thresholdsFrom(
  scores: readonly number[],
  most: number,
  { side, range: [a, b] }: { readonly side: 'lower' | 'upper'; readonly range: readonly [number, number] },
): readonly number[] {
  const isLower = side === 'lower';
  const sorted = Float64Array.from(scores).sort();
  if (!isLower) sorted.reverse();
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined) return [];
  const end = isLower ? a : b;
  const beyond = first === last ? 0 : Math.floor(most / 4);
  const found: number[] = [];
  const add = (threshold: number): void => {
    const isInside = isLower ? threshold > a : threshold < b;
    if (isInside && threshold !== found.at(-1)) found.push(threshold);
  };
  if (first !== end) for (let j = 1; j <= beyond; j++) add(first - (first - end) / 2 ** j);
  for (let j = 0; j < most - beyond; j++) {
    const quantile = sorted[Math.floor((j / (most - beyond)) * sorted.length)] as number;
    add(nextDouble(quantile, isLower ? -1 : 1));
  }
  return isLower ? found : found.reverse();
}

/** The double next to a value, below or above it. */
function nextDouble(value: number, direction: -1 | 1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  const words = new BigInt64Array(new Float64Array([value]).buffer);
  words[0] = (words[0] as bigint) + BigInt(value > 0 === direction > 0 ? 1 : -1);
  return new Float64Array(words.buffer)[0] as number;
}
