import type { Certificate } from '../certify/types.ts';
import { OptionError, refusal, showValue } from '../errors.ts';
import type { Norm } from '../types.ts';

/**
 * What the metrics need to know about one certified image.
 *
 * Rows of `certifyDataset` have these fields; rows read from a log or made by hand can be plain objects. Each metric
 * asks only for the fields that it uses.
 */
export interface CertifiedOutcome {
  /** Index of the image in its data set. */
  readonly index: number;
  /** The true class, -1 where it is not known. */
  readonly label: number;
  /** The certified class, -1 if abstained. */
  readonly predicted: number;
  /** The certified radius, in input units or in changes; 0 if abstained. */
  readonly radius: number;
  /** Whether `predicted` is `label`; false if abstained, or if the label is not known. */
  readonly correct: boolean;
  /** Whether the certifier declined to answer. */
  readonly abstained: boolean;
}

/**
 * One row of a certification log: an outcome, its time and, in the full format, its certificate.
 *
 * Rows of `certifyDataset` are of this form. `predicted`, `radius` and `abstained` are those of the certificate.
 */
export interface LoggedRow extends CertifiedOutcome {
  /** Time that the certificate took. */
  readonly milliseconds: number;
  /** What was certified, and how; absent in logs of the reference format. */
  readonly certificate?: Certificate;
  /** Lower bound on the probability of the class, in logs of other code that have it beside no certificate. */
  readonly pABar?: number;
  /** Norm of the radius, where the header of a log without certificates names it. */
  readonly norm?: Norm;
  /** What ran the classifier, with its version; absent where that is not known. The certificate speaks of the function that it computes. */
  readonly engine?: string;
}

/** One row of a log of predictions: what the smoothed classifier answered, without a radius. It certifies nothing. */
export interface PredictedRow extends Omit<CertifiedOutcome, 'radius'> {
  /** Time that the prediction took. */
  readonly milliseconds: number;
  /** What the base classifier answered without noise, in logs that have it. */
  readonly basePredicted?: number;
}

/** Throws unless there is a row and every radius is a number of at least 0. @internal */
export function checkRows(call: string, field: string, rows: readonly Pick<CertifiedOutcome, 'radius'>[]): void {
  if (!Array.isArray(rows as unknown) || rows.length === 0) {
    throw refusal(OptionError, { call, field, value: rows }, 'must be an array of at least one row');
  }
  const index = rows.findIndex(({ radius }) => !(radius >= 0));
  if (index < 0) return;
  const value = rows[index]?.radius;
  const got = `${showValue(value)} in row ${index}`;
  throw refusal(OptionError, { call, field, value, got }, 'must have radii of at least 0');
}

/** The radius that counts for an image: 0 unless the answer is correct. @internal */
export function creditedRadius({ correct, radius }: Pick<CertifiedOutcome, 'correct' | 'radius'>): number {
  return correct ? radius : 0;
}
