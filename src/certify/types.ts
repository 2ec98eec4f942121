import type { Domain, NoiseRecord } from '../noise/types.ts';
import type { Json, Key, Norm } from '../types.ts';

/** The class id that stands for "abstain" in logs and in `label`. */
export const ABSTAIN: -1 = -1;

/** The certification rule of a result, as it is logged; `ruleOf` makes the rule again. */
export interface RuleRecord {
  /** Name of the rule, for example `fixed-sample`. */
  readonly name: string;
  /** Its parameters, for example `{ bound: 'clopper-pearson' }`. */
  readonly parameters: Readonly<Record<string, Json>>;
}

/**
 * Why a certificate says what it says.
 *
 * - `certified`: a radius above 0 was proven, or one of at least 0 in a norm that counts changes.
 * - `low-confidence`: all samples were drawn, or a stop ended the sampling, and the bound proves nothing.
 * - `out-of-reach`: drawing stopped early, because not even unanimous remaining votes could have certified.
 * - `declined`: a fixed radius was given up: the class probability is too low for it, up to the rule's `beta`; by a planned rule because more samples are not worth their price, without
 *   a bound on the error.
 * - `undecided`: a fixed radius was neither proven nor rejected within n samples.
 */
export type CertificateReason = 'certified' | 'low-confidence' | 'out-of-reach' | 'declined' | 'undecided';

/** How the bound of a certificate was computed. */
export type BoundMethod =
  | 'clopper-pearson'
  | 'randomized-clopper-pearson'
  | 'simultaneous-clopper-pearson'
  | 'beta-mixture'
  | 'sequential-plan'
  | 'likelihood-ratio'
  | 'empirical-bernstein'
  | 'thresholds'
  | 'enumeration';

/**
 * Which classifier a result speaks of: the one that counts hard votes, or the one that averages softmax outputs. They are different
 * classifiers and may answer differently.
 */
export type Smoothing = 'hard' | 'soft';

/** A moment of a sequential rule on which a claim rests: `nA` of the first `n` estimation samples voted for the class. */
export interface EvidenceStep {
  /** The radius that was proven at this moment. */
  readonly radius: number;
  /** Votes for the class so far. */
  readonly nA: number;
  /** Samples drawn so far. */
  readonly n: number;
}

/** Sums over the scores of one class, each in [0, 1], and how many lie above thresholds. */
export interface ScoreSums {
  /** Sum of the scores. */
  readonly sum: number;
  /** Sum of their squares. */
  readonly sumOfSquares: number;
  /** For `bound: 'thresholds'`: how many of the scores are at least each threshold of the rule. */
  readonly counts?: readonly number[];
}

/** The result of certifying one example: a plain JSON value that holds what is needed to check it again. */
export interface Certificate {
  /** The certified class, or {@link ABSTAIN} (−1). */
  readonly label: number;
  /** True if nothing could be certified. It follows from the bound: in a norm that counts changes a radius of 0 is a result. */
  readonly abstained: boolean;
  /** Why. */
  readonly reason: CertificateReason;
  /** What ended the sampling: `all-drawn`, `out-of-reach`, `decided`, `last-size` of a ladder, or the name of a stop. */
  readonly stop: string;
  /**
   * The class keeps its rank (see `topK`) within the open ball of this radius, in input units; 0 if abstained. In a norm that counts changes: a whole number,
   * and the class keeps its rank under every change of at most that size.
   */
  readonly radius: number;
  /** The norm of the radius. */
  readonly norm: Norm;
  /** The class stays among the so many most probable ones; 1, the usual case: it stays the prediction. */
  readonly topK: number;
  /** Lower confidence bound on the probability of class `cAHat`, rounded down; undrawn samples count as misses. */
  readonly pABar: number;
  /** 1 − pABar, computed on its own and rounded up. */
  readonly qABar: number;
  /** Upper confidence bound on the probability of the runner-up, where the rule uses one. */
  readonly pBBar?: number;
  /** How the bound was computed. */
  readonly bound: BoundMethod;
  /** The rule that decided. */
  readonly rule: RuleRecord;
  /** The class chosen by the selection sample. */
  readonly cAHat: number;
  /** Votes for `cAHat` in the estimation sample. */
  readonly nA: number;
  /** Size of the selection sample. */
  readonly n0: number;
  /** Size of the estimation sample that was asked for. */
  readonly n: number;
  /** Estimation samples that were drawn; below n only when drawing stopped early. */
  readonly nUsed: number;
  /** Estimation samples that the sampler failed to draw; they count as drawn and vote for no class. */
  readonly failures: number;
  /** Allowed probability that the certificate is wrong, over the draws; 0 for a deterministic noise. */
  readonly alpha: number;
  /** Votes per class of the selection sample; empty for soft smoothing. */
  readonly countsSelection: readonly number[];
  /** Votes per class of the estimation sample; empty for soft smoothing. */
  readonly counts: readonly number[];
  /** The classes for which the first estimation samples voted, one by one, -1 where one could not be drawn; where `keepVotes` asked for them. */
  readonly votes?: readonly number[];
  /** Soft smoothing: the scores of `cAHat` in the estimation sample. */
  readonly scores?: ScoreSums;
  /** Sequential rules: the moments on which the claims rest, in order; the last one proves `radius`. */
  readonly steps?: readonly EvidenceStep[];
  /** Randomized bounds: the uniform number W that was committed to before the votes. */
  readonly draw?: number;
  /** Stops are tested every so many samples. */
  readonly checkEvery: number;
  /** The key that drove both samples; null for a deterministic noise. */
  readonly key: Key | null;
  /** The noise. */
  readonly noise: NoiseRecord;
  /** The inputs for which it holds. */
  readonly domain: Domain;
  /** What it takes for granted, in short phrases; inputs that do not lie in [0, 1] among it, since sigma and the radius are in units of their range. */
  readonly assumptions: readonly string[];
  /** Which smoothed classifier it speaks of. */
  readonly smoothing: Smoothing;
  /** Number of coordinates of the input. */
  readonly dimension: number;
}

/** The result of asking the smoothed classifier for its class: a plain JSON value. */
export interface Prediction {
  /** The predicted class, or {@link ABSTAIN} (−1). */
  readonly label: number;
  /** True if the vote was too close to call at level alpha. */
  readonly abstained: boolean;
  /** Two-sided exact binomial p-value of the two top counts at 1/2, with all samples that could not be drawn counted for the second. */
  readonly pValue: number;
  /** The most voted class (the highest index among equals). */
  readonly top: number;
  /** Votes per class; their sum is below `n` only if the sampler failed. */
  readonly counts: readonly number[];
  /** Number of samples. */
  readonly n: number;
  /** Allowed probability that the returned class is not that of the smoothed classifier. */
  readonly alpha: number;
  /** The key that drove the sample. */
  readonly key: Key;
  /** The noise. */
  readonly noise: NoiseRecord;
  /** The inputs for which it holds. */
  readonly domain: Domain;
  /** Which smoothed classifier it speaks of. */
  readonly smoothing: Smoothing;
}
