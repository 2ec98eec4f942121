import type { Certificate } from '../certify/types.ts';
import type { CertifiedOutcome } from './certified-outcome.ts';
import { formatElapsed } from './format-elapsed.ts';
import { formatRadius } from './format-radius.ts';

/** The fields of a certificate that a log keeps. */
export type LoggedCertificate = Pick<
  Certificate,
  'norm' | 'cAHat' | 'nA' | 'n0' | 'n' | 'nUsed' | 'checkEvery' | 'alpha' | 'pABar' | 'qABar' | 'noise' | 'key'
>;

/**
 * One row of a certification log: an outcome with its time and its certificate. Rows of `certifyDataset` are of this
 * form.
 */
export interface LoggedOutcome extends CertifiedOutcome {
  /** Time that the certificate took. */
  readonly milliseconds: number;
  /** What was certified, and how. */
  readonly certificate: LoggedCertificate;
}

type Column = readonly [name: string, text: (row: LoggedOutcome) => string];

/**
 * The columns of the official logs, then full-precision ones. Numbers beyond the first group are written so that they
 * read back exactly.
 */
const columns: readonly Column[] = [
  ['idx', ({ index }) => String(index)],
  ['label', ({ label }) => String(label)],
  ['predict', ({ predicted }) => String(predicted)],
  ['radius', ({ radius }) => formatRadius(radius)],
  ['correct', ({ correct }) => (correct ? '1' : '0')],
  ['time', ({ milliseconds }) => formatElapsed(milliseconds)],
  ['fullRadius', ({ radius }) => String(radius)],
  ['norm', ({ certificate }) => certificate.norm],
  ['cAHat', ({ certificate }) => String(certificate.cAHat)],
  ['nA', ({ certificate }) => String(certificate.nA)],
  ['n0', ({ certificate }) => String(certificate.n0)],
  ['n', ({ certificate }) => String(certificate.n)],
  ['nUsed', ({ certificate }) => String(certificate.nUsed)],
  ['checkEvery', ({ certificate }) => String(certificate.checkEvery)],
  ['alpha', ({ certificate }) => String(certificate.alpha)],
  ['pABar', ({ certificate }) => String(certificate.pABar)],
  ['qABar', ({ certificate }) => String(certificate.qABar)],
  ['noise', ({ certificate }) => certificate.noise.name.replace(/\s+/g, ' ')],
  ['noiseParameters', ({ certificate }) => JSON.stringify(certificate.noise.parameters)],
  ['key', ({ certificate }) => certificate.key.join(':')],
];

/**
 * The header line of a certification log, without line end.
 *
 * Tab-separated. The first six columns, `idx label predict radius correct time`, are those of the official logs; the
 * others keep full precision and say how the row can be reproduced.
 *
 * @see `code/certify.py` of https://github.com/locuslab/smoothing
 */
export function certificationLogHeader(): string {
  return columns.map(([name]) => name).join('\t');
}

/**
 * Writes one row of a certification log, without line end.
 *
 * `radius` has three significant digits, as in the official logs, but is rounded down: the number in the log is never
 * above the certified radius. `fullRadius`, `pABar` and `qABar` read back as the same doubles. `predict` is -1 for an
 * abstention; `noiseParameters` is JSON; `key`, the image's own key, is `word0:word1`.
 *
 * @example
 * ```ts
 * await file.write(certificationLogHeader() + '\n');
 * for await (const row of certifyDataset(g, testSet, options)) await file.write(formatCertificationRow(row) + '\n');
 * ```
 */
export function formatCertificationRow(row: LoggedOutcome): string {
  return columns.map(([, text]) => text(row)).join('\t');
}

/** A whole certification log: header and rows, each line ended by a newline. */
export function certificationLog(rows: readonly LoggedOutcome[]): string {
  return [certificationLogHeader(), ...rows.map(formatCertificationRow), ''].join('\n');
}
