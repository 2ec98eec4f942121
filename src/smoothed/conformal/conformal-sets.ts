import { OptionError, refusal } from '../../errors.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf, parseField } from '../../options/parse.ts';
import { conformalIndex } from './conformal-index.ts';
import { type ConformalShift, shiftedLevel, shiftFields } from './conformal-levels.ts';

/** Options of {@link conformalThreshold}. */
export interface ConformalThresholdOptions extends ConformalShift {
  /** Allowed probability that the true label is not in the set, in (0, 1). */
  readonly alpha: number;
  /**
   * The coverage holds for this calibration set with probability 1 − delta.
   * @defaultValue on average over calibration sets
   */
  readonly delta?: number | undefined;
}

const conformalThresholdOptions = optionsOf<ConformalThresholdOptions>()({
  alpha: fields.openFraction,
  delta: fields.optional(fields.openFraction),
  ...shiftFields,
});

/** A threshold of conformal sets, and where it comes from. */
export interface ConformalThreshold {
  /** A label is in the set where its score is at most this; Infinity: every label is. */
  readonly threshold: number;
  /** Which score it is, from the smallest as number 1; null where there are too few scores for any. */
  readonly index: number | null;
  /** The level α' = down(α, r) at which the scores are read. */
  readonly alphaPrime: number;
  /** Number of scores, m. */
  readonly calibration: number;
}

const numbersField = (length: string): fields.Field<ArrayLike<number>> =>
  fields.field(
    `must be ${length}`,
    (v) => (Array.isArray(v) || ArrayBuffer.isView(v)) && Array.from(v as never).every((s) => typeof s === 'number'),
  );

/**
 * The threshold of conformal prediction sets from calibration scores: the k-th smallest, k as {@link conformalIndex} gives it at α' = down(α, r).
 *
 * With a noise, every score must be of one fresh draw, s(x + ε, y), here and in the sets. Without one and with radius 0 it is split conformal
 * prediction, which holds for inputs that nobody moved. NaN counts as the greatest score.
 *
 * @param scores - one score of each calibration point for its true label; small where it fits
 * @throws OptionError for an option outside its domain, and for a noise that cannot shift a probability
 * @example
 * ```ts
 * const { threshold } = conformalThreshold(scores, { alpha: 0.1, noise, radius: 0.125 });
 * const labels = conformalSet(scoresOfOneDraw, threshold);
 * ```
 */
export function conformalThreshold(scores: ArrayLike<number>, options: ConformalThresholdOptions): ConformalThreshold {
  const call = 'conformalThreshold';
  const { alpha, delta, ...shift } = conformalThresholdOptions.parse(call, options);
  const sorted = sortedScores(parseField(call, 'scores', numbersField('a list of numbers'), scores));
  const alphaPrime = shiftedLevel(call, alpha, shift);
  const index = conformalIndex(sorted.length, alphaPrime, delta);
  return { threshold: thresholdAt(sorted, index), index, alphaPrime, calibration: sorted.length };
}

/** Scores from the smallest; NaN counts as the greatest, Infinity. @internal */
export function sortedScores(scores: ArrayLike<number>): Float64Array {
  return Float64Array.from(scores, (score) => (Number.isNaN(score) ? Infinity : score)).sort();
}

/** The score with a number from 1; Infinity for none. @internal */
export function thresholdAt(sorted: ArrayLike<number>, index: number | null): number {
  return index === null ? Infinity : (sorted[index - 1] as number);
}

/**
 * The labels whose score is at most the threshold, ascending; a label whose score is NaN is in. It may be empty.
 *
 * @param scores - the score of each label
 * @param threshold - of {@link conformalThreshold}
 * @throws OptionError unless both are numbers
 */
export function conformalSet(scores: ArrayLike<number>, threshold: number): number[] {
  const call = 'conformalSet';
  const given = parseField(call, 'scores', numbersField('a list of numbers'), scores);
  if (typeof threshold !== 'number' || Number.isNaN(threshold)) {
    throw refusal(OptionError, { call, field: 'threshold', value: threshold }, 'must be a number');
  }
  return labelsOf(given, threshold);
}

/** The labels of scores. @internal */
export function labelsOf(scores: ArrayLike<number>, threshold: number): number[] {
  // Not `score <= threshold`: NaN is in.
  return Array.from(scores).flatMap((score, label) => (score > threshold ? [] : [label]));
}

/**
 * The j-th smallest of the scores of a point, which counts in the calibration of sets of many draws; NaN counts as the greatest score.
 *
 * @param scores - of its n draws
 * @param orderStatistic - j, from 1 to n
 * @throws OptionError unless there is such a score
 */
export function drawsScore(scores: ArrayLike<number>, orderStatistic: number): number {
  const call = 'drawsScore';
  const sorted = sortedScores(parseField(call, 'scores', numbersField('a list of numbers'), scores));
  if (fields.isInteger(orderStatistic, 1, sorted.length)) return sorted[orderStatistic - 1] as number;
  const details = { call, field: 'orderStatistic', value: orderStatistic };
  throw refusal(OptionError, details, `must be an integer from 1 to ${sorted.length}`);
}

/**
 * The labels of a set of many draws: those of which at least `leastCount` scores are at most the threshold.
 *
 * @param counts - for each label, how many of the n' draws have a score of at most the threshold, or NaN, or could not be drawn
 * @param leastCount - k* of {@link manyDrawsLevels}
 */
export function manyDrawsSet(counts: ArrayLike<number>, leastCount: number): number[] {
  return Array.from(counts).flatMap((count, label) => (count >= leastCount ? [label] : []));
}
