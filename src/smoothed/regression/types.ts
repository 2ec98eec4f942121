import type { RuleRecord } from '../../certify/types.ts';
import type { BoxLayout } from '../../detection/box-layout.ts';
import type { ProbabilityBound } from '../../types.ts';
import type { OutputRecord } from '../outputs/types.ts';
import type { Ball } from './percentile-levels.ts';
import type { GridOptions } from './value-grid.ts';

/** Between which values an output stays. */
export interface OutputBounds {
  /** It is at least this; null where nothing bounds it from below. */
  readonly lower: number | null;
  /** It is at most this; null where nothing bounds it from above. */
  readonly upper: number | null;
  /** It is this infinity, for certain: how an absent box is certified. `lower` and `upper` are then null. */
  readonly always?: 'Infinity' | '-Infinity';
}

/** A sample value as JSON holds it; null where there is none. */
export type OrderStatistic = number | 'Infinity' | '-Infinity' | null;

/** The order statistics of one look that bound the outputs within one radius. */
export interface QuantileEvidence {
  /** Index i of X_(i), from 1, samples that are missing as the least; null where no index holds. */
  readonly lowerIndex: number | null;
  /** Index j of X_(j), samples that are missing as the greatest; null where no index holds. */
  readonly upperIndex: number | null;
  /** X_(i) of each output; with a grid the left edge of its bin. */
  readonly lower: readonly OrderStatistic[];
  /** X_(j) of each output; with a grid the right edge of its bin. */
  readonly upper: readonly OrderStatistic[];
}

/** The samples at one look. */
export interface QuantileLook {
  /** Samples drawn. */
  readonly n: number;
  /** Samples of these that could not be drawn. */
  readonly failures: number;
  /** NaN among the others, for each output, where it is counted. */
  readonly nan: readonly number[];
  /** Samples without a value, for each output: the two together. */
  readonly missing: readonly number[];
  /** One for each radius. */
  readonly statistics: readonly QuantileEvidence[];
  /** X_(⌈nP⌉) of the samples that have a value, for each output; only of `predict`. */
  readonly point?: readonly OrderStatistic[];
}

/** What holds within one radius. */
export interface BoundsWithin {
  /** The radius, in input units or changes; 0 for `predict`. */
  readonly radius: number;
  /** `closed`: for all ‖δ‖ ≤ radius; `open`: for all ‖δ‖ < radius. */
  readonly ball: Ball;
  /** p̲ and its complement: the percentile at x + δ is at least the lower p̲-quantile at x. */
  readonly lowerLevel: ProbabilityBound;
  /** 1 − p̄ and its complement: the percentile at x + δ is at most the upper p̄-quantile at x. */
  readonly upperLevel: ProbabilityBound;
  /** One for each output, all together. */
  readonly bounds: readonly OutputBounds[];
}

/** Which ends of the outputs are bounded. */
export type BoundedSides = 'both' | 'lower' | 'upper';

/** What both certificates of a smoothed regressor say. */
export interface RegressionRecord extends OutputRecord {
  readonly task: 'regression';
  /** Number of outputs. */
  readonly outputs: number;
  /** Which percentile of the outputs under noise is the answer: 0.5 is the median. */
  readonly percentile: number;
  /** What NaN was: an error, or a missing sample that counts against each bound. */
  readonly nonFinite: 'error' | 'worst';
  /** How samples become a claim: `fixed-sample`, `looks` or `anytime`. */
  readonly rule: RuleRecord;
  /** Most samples. */
  readonly n: number;
  /** Samples drawn. */
  readonly nUsed: number;
  /** What ended the sampling: `all-drawn`, `stop-at-width`, `stop-at-radius`, `out-of-reach` or `stop-at-deadline`. */
  readonly stop: string;
  /** Samples that could not be drawn. */
  readonly failures: number;
  /** What the outputs are, where the base model is one of {@link boxSlots}. */
  readonly boxes?: BoxLayout;
}

/** Intervals within radii that were given: a plain JSON value. */
export interface BoundsCertificate extends RegressionRecord {
  /** It gives bounds within radii. */
  readonly claim: 'bounds';
  /** Which ends are bounded; one alone takes all of alpha. */
  readonly sides: BoundedSides;
  /** The share of alpha that each single bound has: alpha over outputs, sides, radii and looks. */
  readonly alphaSide: number;
  /** Between which values every output of the base model is said to lie; null where nothing is said, also for an end. */
  readonly outputRange: readonly [number | null, number | null] | null;
  /** The bins that were counted; null where values were kept. */
  readonly grid: GridOptions | null;
  /** The evidence: the order statistics at each look, one but for the rule `looks`. */
  readonly looks: readonly QuantileLook[];
  /** What follows, for each radius. */
  readonly within: readonly BoundsWithin[];
  /** The largest radius. */
  readonly radius: number;
  /** What holds within it. */
  readonly bounds: readonly OutputBounds[];
}

/** The answer at an input itself: intervals for the percentiles at radius 0, and the sample percentiles. */
export interface RegressionPrediction extends BoundsCertificate {
  /** The sample percentile of each output: an estimate, which its interval bounds; null where no sample has a value. */
  readonly point: readonly OrderStatistic[];
}

/** Two neighbours among the sample values; null where there is no value on that side. */
export type ValueGap = readonly [OrderStatistic, OrderStatistic];

/** For each output, the numbers of samples beyond the ends of its interval. */
export interface IntervalCounts {
  /** NaN among the samples that could be drawn, where it is counted. */
  readonly nan: readonly number[];
  /** Samples without a value: those that could not be drawn, and NaN. */
  readonly missing: readonly number[];
  /** #{X < low}; null where the interval has no low end. */
  readonly below: readonly (number | null)[];
  /** #{X > high}; null where it has no high end. */
  readonly above: readonly (number | null)[];
  /** The greatest value below `low` and the least one that is not: between them any low end has the same counts. */
  readonly aroundLow: readonly (ValueGap | null)[];
  /** The greatest value up to `high` and the least one above. */
  readonly aroundHigh: readonly (ValueGap | null)[];
}

/** The radius within which outputs stay in intervals that were given: a plain JSON value. */
export interface RadiusCertificate extends RegressionRecord, IntervalCounts {
  /** It gives the radius of an interval. */
  readonly claim: 'radius';
  /** Low end of the interval of each output; null where it has none. */
  readonly low: readonly (number | null)[];
  /** High end of the interval of each output; null where it has none. */
  readonly high: readonly (number | null)[];
  /** Radius within which each low end holds; null where there is none. */
  readonly lowRadius: readonly (number | null)[];
  /** Radius within which each high end holds; null where there is none. */
  readonly highRadius: readonly (number | null)[];
  /** True if nothing could be proven. */
  readonly abstained: boolean;
  /** All outputs stay in their intervals within it: the smallest of the radii; 0 for an abstention. */
  readonly radius: number;
  /** `open`: for all ‖δ‖ < radius; `closed` in a norm that counts changes. */
  readonly ball: Ball;
}

/** What a smoothed regressor certifies. */
export type RegressionCertificate = BoundsCertificate | RadiusCertificate;
