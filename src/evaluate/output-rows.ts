import type { OutputRecord } from '../smoothed/outputs/types.ts';

/** One row of a run over a data set whose certificates are not of one label: a plain JSON value. */
export interface OutputRow<C extends OutputRecord = OutputRecord, T = unknown> {
  /** Index of the example in its data set. */
  readonly index: number;
  /** What is true of the example; null where that is not known. */
  readonly target: T | null;
  /** Time that the certificate took. */
  readonly milliseconds: number;
  /** What was certified, and how. */
  readonly certificate: C;
  /** What ran the base model, with its version; absent where that is not known. */
  readonly engine?: string;
}
