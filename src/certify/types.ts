import type { Domain } from '../noise/types.ts';
import type { Key, Norm } from '../types.ts';

/** The class id that stands for "abstain" in logs and in `label`. */
export const ABSTAIN: -1 = -1;

/** The noise of a result, as it is logged. */
export interface NoiseRecord {
  /** Name of the noise. */
  readonly name: string;
  /** Its parameters, for example `{ sigma: 0.25 }`. */
  readonly parameters: Readonly<Record<string, number>>;
}

/**
 * Why a certificate says what it says.
 *
 * - `certified`: pABar exceeds 1/2.
 * - `low-confidence`: all n samples were drawn and pABar does not exceed 1/2.
 * - `out-of-reach`: drawing stopped early, because not even unanimous remaining votes could have certified.
 */
export type CertificateReason = 'certified' | 'low-confidence' | 'out-of-reach';

/** The result of certifying one example: a plain JSON value that holds what is needed to check it again. */
export interface Certificate {
  /** The certified class, or {@link ABSTAIN} (−1). */
  readonly label: number;
  /** True if no radius could be certified. */
  readonly abstained: boolean;
  /** Why. */
  readonly reason: CertificateReason;
  /** The prediction is constant within the open ball of this radius, in input units; 0 if abstained. */
  readonly radius: number;
  /** The norm of the radius. */
  readonly norm: Norm;
  /** Lower confidence bound on the probability of class `cAHat`, rounded down; undrawn samples count as misses. */
  readonly pABar: number;
  /** 1 − pABar, computed on its own and rounded up. */
  readonly qABar: number;
  /** How the bound was computed. */
  readonly bound: 'clopper-pearson';
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
  /** Allowed probability that the certificate is wrong, over the draws. */
  readonly alpha: number;
  /** Votes per class of the selection sample. */
  readonly countsSelection: readonly number[];
  /** Votes per class of the estimation sample. */
  readonly counts: readonly number[];
  /** Early stops are tested every so many samples. */
  readonly checkEvery: number;
  /** The key that drove both samples. */
  readonly key: Key;
  /** The noise. */
  readonly noise: NoiseRecord;
  /** The inputs for which it holds. */
  readonly domain: Domain;
  /** It speaks of the hard-vote smoothed classifier. */
  readonly smoothing: 'hard';
  /** Number of coordinates of the input. */
  readonly dimension: number;
}

/** The result of asking the smoothed classifier for its class: a plain JSON value. */
export interface Prediction {
  /** The predicted class, or {@link ABSTAIN} (−1). */
  readonly label: number;
  /** True if the vote was too close to call at level alpha. */
  readonly abstained: boolean;
  /** Two-sided exact binomial p-value of the two top counts at 1/2. */
  readonly pValue: number;
  /** The most voted class (the highest index among equals). */
  readonly top: number;
  /** Votes per class. */
  readonly counts: readonly number[];
  /** Number of samples. */
  readonly n: number;
  /** Allowed probability that the returned class is not that of the smoothed classifier. */
  readonly alpha: number;
  /** The key that drove the sample. */
  readonly key: Key;
  /** The noise. */
  readonly noise: NoiseRecord;
}
