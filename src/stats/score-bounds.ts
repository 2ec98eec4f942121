import { OptionError, refusal } from '../errors.ts';
import type { ProbabilityBound } from '../types.ts';
import { checkCount } from './check-arguments.ts';
import { clopperPearsonLowerBound } from './clopper-pearson.ts';
import { boundFromP, boundFromQ } from './rounding.ts';

/** How a bound on the mean of a score is asked for. */
export interface ScoreBoundRequest {
  /** Number of planned samples: those that were not drawn count as the least score for a lower, and as the greatest for an upper bound. */
  readonly n: number;
  /** Failure probability, one-sided: in (0, 1), for the band in (0, 1/2]. It holds for all shifts at once. */
  readonly alpha: number;
  /**
   * Least and greatest score, finite.
   * @defaultValue [0, 1]
   */
  readonly range?: readonly [low: number, high: number] | undefined;
  /**
   * Which bound.
   * @defaultValue 'lower'
   */
  readonly side?: 'lower' | 'upper' | undefined;
  /** What is left of a probability after the change of the input: `(p) => shiftDown(p, 0.5)`, or a noise's own. Never above the exact value. */
  readonly shift: (bound: ProbabilityBound) => ProbabilityBound;
}

/**
 * What samples say of the distribution of a score, for all shifts at once: P(s ≥ t) of each step is at least its bound for t up to the end of the step.
 * Of an upper bound the scores are mirrored.
 * @internal
 */
export interface ScoreProfile {
  /** Least score, or minus the greatest one. */
  readonly low: number;
  readonly steps: readonly { readonly width: number; readonly bound: ProbabilityBound }[];
  readonly isMirrored: boolean;
}

/** Thresholds ascending, and how many scores are at least (for an upper bound: at most) each. @internal */
export interface ScoreCounts {
  readonly thresholds: readonly number[];
  readonly counts: readonly number[];
}

type Side = Omit<ScoreBoundRequest, 'shift'>;

/**
 * Bound on the mean of a score after a change of the input, from counts at thresholds that were fixed before the samples.
 *
 * t_1 < ... < t_m in (a, b], k_j scores of at least t_j, L_j the Clopper-Pearson lower bound of k_j at α/m: the mean is at least a + Σ_j (t_j − t_{j−1}) shift(L_j), t_0 = a,
 * since P(s ≥ t) ≥ P(s ≥ t_j) up to t_j. For an upper bound t_j in [a, b), k_j scores of at most t_j, and the same of the mirrored scores. Never above (below) the exact
 * value, and within 1e-12 of the range of it.
 *
 * @param thresholds - ascending
 * @param counts - one for each threshold; for a lower bound they do not rise, for an upper bound they do not fall
 * @throws OptionError for what is outside its domain
 * @example
 * ```ts
 * thresholdScoreBound([0.5, 0.9], [990, 900], { n: 1000, alpha: 0.001, shift: (p) => shiftDown(p, 0.5) }); // 0.805...
 * ```
 * @see Kumar, Levine, Feizi, Goldstein, "Certifying Confidence via Randomized Smoothing", NeurIPS 2020; the form with thresholds: derived, docs/guide/smoothed-confidence.md
 */
export function thresholdScoreBound(
  thresholds: readonly number[],
  counts: readonly number[],
  { shift, ...side }: ScoreBoundRequest,
): number {
  return profileBound(thresholdProfile('thresholdScoreBound', { thresholds, counts }, side), shift);
}

/**
 * Bound on the mean of a score after a change of the input, from all scores and the band of Dvoretzky, Kiefer, Wolfowitz and Massart.
 *
 * d = √(ln(1/α) / 2n), scores ascending with X_(0) = a: the mean is at least a + Σ_i (X_(i) − X_(i−1)) shift(max(0, (n − i + 1)/n − d)); an upper bound is that of the
 * mirrored scores. Never above (below) the exact value, and within 1e-12 of the range of it.
 *
 * @param scores - the scores that were drawn, at most n, in any order
 * @throws OptionError for what is outside its domain
 * @example
 * ```ts
 * dkwScoreBound(scores, { n: scores.length, alpha: 0.001, shift: (p) => shiftDown(p, 0.5) });
 * ```
 * @see Kumar, Levine, Feizi, Goldstein, "Certifying Confidence via Randomized Smoothing", NeurIPS 2020, Theorem 2; Massart, "The tight constant in the
 * Dvoretzky-Kiefer-Wolfowitz inequality", 1990
 */
export function dkwScoreBound(scores: ArrayLike<number>, { shift, ...side }: ScoreBoundRequest): number {
  const call = 'dkwScoreBound';
  const { n, range: [low, high] = [0, 1] } = side;
  const all = Array.from(scores);
  if (!all.every((score) => score >= low && score <= high)) {
    throw refusal(
      OptionError,
      { call, field: 'scores', value: scores, got: shown(all) },
      `must lie in the range [${low}, ${high}]`,
    );
  }
  if (all.length > n) {
    throw refusal(
      OptionError,
      { call, field: 'scores', value: scores, got: String(all.length) },
      `must be at most n = ${n}`,
    );
  }
  return profileBound(bandProfile(call, scoreCounts(all, side.side), side), shift);
}

const shown = (values: readonly number[]): string => JSON.stringify(values).slice(0, 100);

/** {@link dkwScoreBound} of counts at some of the scores: any of them, chosen after they were seen, as the band holds everywhere at once. @internal */
export function bandProfile(call: string, counted: ScoreCounts, side: Side): ScoreProfile {
  const { n, alpha } = side;
  checkAlpha(call, alpha, alpha <= 0.5, 'must be in (0, 1/2]');
  const band = bandWidth(n, alpha);
  return profile(call, counted, side, (count) => {
    const q = ((n - count) / n + band) * (1 + 2 ** -51);
    if (q >= 1) return { p: 0, q: 1 };
    return q <= 0.5 ? boundFromQ(q) : boundFromP(Math.min(0.5, 1 - q));
  });
}

/** d = √(ln(1/α) / 2n), rounded up: shares of up to d leave nothing. @internal */
export function bandWidth(n: number, alpha: number): number {
  return Math.sqrt(-Math.log(alpha) / (2 * n)) * (1 + 2 ** -49);
}

/** The profile of counts at thresholds that were fixed before. @internal */
export function thresholdProfile(call: string, counted: ScoreCounts, side: Side): ScoreProfile {
  checkAlpha(call, side.alpha, side.alpha < 1, 'must be in (0, 1)');
  const level = side.alpha / counted.thresholds.length;
  return profile(call, counted, side, (count) => clopperPearsonLowerBound(count, side.n, level));
}

/**
 * The bound on the mean that follows from a profile and a shift, rounded to the safe side.
 *
 * Its terms are added with the error of each sum carried along, so that a few roundings count, however many terms there are.
 * @internal
 */
export function profileBound({ low, steps, isMirrored }: ScoreProfile, shift: ScoreBoundRequest['shift']): number {
  let [sum, lost] = [0, 0];
  for (const { width, bound } of steps) {
    const term = width * shift(bound).p - lost;
    const next = sum + term;
    lost = next - sum - term;
    sum = next;
  }
  const least = low + sum * (1 - 2 ** -49);
  const lower = sum > 0 ? Math.max(low, least - Math.abs(least) * 2 ** -52) : low;
  return isMirrored ? -lower || 0 : lower;
}

/** The different scores with how many are at least (for an upper bound: at most) each, ascending. @internal */
export function scoreCounts(scores: ArrayLike<number>, side: ScoreBoundRequest['side'] = 'lower'): ScoreCounts {
  const sorted = Float64Array.from(scores).sort();
  const thresholds: number[] = [];
  const counts: number[] = [];
  sorted.forEach((score, i) => {
    if (side === 'upper' && score !== sorted[i + 1]) {
      thresholds.push(score);
      counts.push(i + 1);
    } else if (side === 'lower' && score !== sorted[i - 1]) {
      thresholds.push(score);
      counts.push(sorted.length - i);
    }
  });
  return { thresholds, counts };
}

function profile(
  call: string,
  counted: ScoreCounts,
  { n, range = [0, 1], side = 'lower' }: Side,
  boundOf: (count: number) => ProbabilityBound,
): ScoreProfile {
  checkCount(call, 'n', n);
  const [a, b] = range;
  if (!(Number.isFinite(a) && Number.isFinite(b) && a < b)) {
    const must = 'must be [low, high], two finite numbers with low < high';
    throw refusal(OptionError, { call, field: 'range', value: range }, must);
  }
  const isMirrored = side === 'upper';
  const [low, high] = isMirrored ? [-b, -a] : [a, b];
  const { thresholds, counts } = isMirrored ? mirrored(counted) : counted;
  if (!thresholds.every((t, j) => t > (thresholds[j - 1] ?? -Infinity) && t >= low && t <= high)) {
    const must = `must ascend within the range ${isMirrored ? '[low, high)' : '(low, high]'} of the scores`;
    const got = shown(counted.thresholds);
    throw refusal(OptionError, { call, field: 'thresholds', value: counted.thresholds, got }, must);
  }
  const areCounts = counts.every((k, j) => Number.isInteger(k) && k >= 0 && k <= (counts[j - 1] ?? n));
  if (counts.length !== thresholds.length || !areCounts) {
    const must = `must be ${thresholds.length} whole numbers from 0 to n = ${n}, none larger than one of fewer scores`;
    throw refusal(OptionError, { call, field: 'counts', value: counted.counts, got: shown(counted.counts) }, must);
  }
  const steps = thresholds.map((end, j) => ({ width: end - (thresholds[j - 1] ?? low), count: counts[j] as number }));
  const wide = steps.filter(({ width }) => width > 0);
  return { low, steps: wide.map(({ width, count }) => ({ width, bound: boundOf(count) })), isMirrored };
}

function mirrored({ thresholds, counts }: ScoreCounts): ScoreCounts {
  return { thresholds: thresholds.map((t) => -t).reverse(), counts: [...counts].reverse() };
}

function checkAlpha(call: string, alpha: number, isBelow: boolean, must: string): void {
  if (alpha > 0 && isBelow) return;
  throw refusal(OptionError, { call, field: 'alpha', value: alpha }, must);
}
