import type { OutputRecord } from '../outputs/types.ts';

/** Which number of a class is smoothed: its share of the softmax, in [0, 1], or that less the largest share of another class, in [−1, 1]. */
export type ScoreName = 'softmax' | 'margin';

/** How the mean of a score is bounded: by counts at thresholds, by the band of all scores, or by both at half of alpha each, the better one at each radius. */
export type ScoreBound = 'thresholds' | 'band' | 'both';

/** Thresholds, ascending, and how many of the scores lie beyond each: at least at it for a lower, at most at it for an upper bound. */
export interface ScoreTally {
  /** The scores at which is counted, ascending. */
  readonly thresholds: readonly number[];
  /** Samples whose score is at least each of them. */
  readonly counts: readonly number[];
  /** The bound that follows at each radius of the certificate. */
  readonly bounds: readonly number[];
}

/** What a bound on one side rests on. */
export interface ScoreEvidence {
  /** Counts at thresholds that were fixed before the estimation sample. */
  readonly thresholds?: ScoreTally | undefined;
  /** Counts at scores of the estimation sample, as far as the band leaves something of them: at all different ones, or at some 1000 of more. */
  readonly band?: ScoreTally | undefined;
}

/** What is certified of the mean score E s(x + δ + ε) of a class: a plain JSON value. */
export interface ScoreCertificate extends OutputRecord {
  /** Of a score. */
  readonly task: 'confidence';
  /** The class whose score it is. */
  readonly label: number;
  /** Which score, of softmax(beta · logits). */
  readonly score: {
    /** Its name. */
    readonly name: ScoreName;
    /** Inverse temperature of its softmax. */
    readonly beta: number;
  };
  /** Least and greatest value of the score. */
  readonly range: readonly [low: number, high: number];
  /** The radii at which the bounds are given, in input units. */
  readonly radii: readonly number[];
  /** At each radius: for all ‖δ‖ ≤ radius the mean score is at least this; all of them together. Null where only an upper bound was asked for. */
  readonly lower: readonly number[] | null;
  /** At each radius: for all ‖δ‖ ≤ radius the mean score is at most this; all of them together. Null where only a lower bound was asked for. */
  readonly upper: readonly number[] | null;
  /** How the mean is bounded. */
  readonly bound: ScoreBound;
  /** So many quantiles of the scores of the selection sample were asked for as thresholds; null where they were given, or where there are none. */
  readonly quantiles: number | null;
  /** Sizes at which the estimation sample was looked at, the last of which is n; absent where that was n alone. */
  readonly looks?: readonly number[] | undefined;
  /** With looks: the sample ended at the first one whose lower bound within the largest of the radii is at least this. */
  readonly enough?: number | undefined;
  /** With looks: the size at which the sample ended, of which the evidence is. */
  readonly nUsed?: number | undefined;
  /** Share of `alpha` of each side, bound and look. */
  readonly alphaEach: number;
  /** What the lower bounds rest on. */
  readonly lowerEvidence?: ScoreEvidence | undefined;
  /** What the upper bounds rest on. */
  readonly upperEvidence?: ScoreEvidence | undefined;
  /** Sum of the softmax scores of each class over the selection sample: the largest is that of `label`, unless the class was fixed before. */
  readonly selectionSums: readonly number[];
  /** Size of the selection sample. */
  readonly n0: number;
  /** Size of the estimation sample; with looks, its largest size. */
  readonly n: number;
  /** Estimation samples that could not be drawn: they count as the least score for the lower, and as the greatest for the upper bound. */
  readonly failures: number;
}
