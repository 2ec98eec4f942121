import type { Certificate } from '../certify/types.ts';
import type { CertifiedOutcome } from './certified-outcome.ts';

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
}
