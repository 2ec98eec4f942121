import { OptionError, showValue } from '../errors.ts';

/**
 * What the metrics need to know about one certified image.
 *
 * Rows of `certifyDataset` have these fields; rows read from a log or made by hand can be plain objects. Each metric
 * asks only for the fields that it uses.
 */
export interface CertifiedOutcome {
  /** Index of the image in its data set. */
  readonly index: number;
  /** The true class. */
  readonly label: number;
  /** The certified class, -1 if abstained. */
  readonly predicted: number;
  /** The certified radius, in input units; 0 if abstained. */
  readonly radius: number;
  /** Whether `predicted` is `label`; false if abstained. */
  readonly correct: boolean;
  /** Whether the certifier declined to answer. */
  readonly abstained: boolean;
}

/** Throws unless there is a row and every radius is a number of at least 0. @internal */
export function checkRows(call: string, field: string, rows: readonly Pick<CertifiedOutcome, 'radius'>[]): void {
  if (!Array.isArray(rows as unknown) || rows.length === 0) {
    throw new OptionError(`\`${field}\` must be an array of at least one row, got ${showValue(rows)}`, {
      call,
      field,
      value: rows,
    });
  }
  for (const [i, { radius }] of rows.entries()) {
    if (!(radius >= 0)) {
      throw new OptionError(`\`${field}\` must have radii of at least 0, got ${showValue(radius)} in row ${i}`, {
        call,
        field,
        value: radius,
      });
    }
  }
}
