import { OptionError, refusal, showValue } from '../errors.ts';
import { countsChanges } from '../options/counting-norms.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { writeCertificate } from './certificate-columns.ts';
import { type LogCell, votesCell } from './log-cells.ts';
import { logColumns } from './log-form.ts';
import { engineCell, fullRadiusCell, outcomeColumns, radiusCell } from './log-row.ts';
import type { LoggedRow } from './rows.ts';
import { formatRounded } from './three-digits.ts';

/**
 * Form of a certification log.
 *
 * - `full`: the six official columns, then the radius in full, every field of the certificate, and what ran the classifier. It reads back exactly.
 * - `reference`: the six official columns only, `idx label predict radius correct time`.
 * - `reference-rounded`: the same with the radius as the official scripts write it: rounded to nearest, so possibly above the
 *   certified one.
 */
export type CertificationLogFormat = 'full' | 'reference' | 'reference-rounded';

/** Options of {@link certificationLog}, {@link certificationLogHeader} and {@link formatCertificationRow}. */
export interface CertificationLogOptions {
  /**
   * Form of the log.
   *
   * @defaultValue 'full'
   */
  readonly format?: CertificationLogFormat | undefined;
  /**
   * Whether a log in the full format has a last column with the votes one by one, of a run with `keepVotes`.
   *
   * @defaultValue of a whole log whether a certificate has them, else false
   */
  readonly votes?: boolean | undefined;
}

const certificationLogOptions = optionsOf<CertificationLogOptions>()({
  format: fields.withDefault(fields.oneOf('full', 'reference', 'reference-rounded'), 'full'),
  votes: fields.optional(fields.boolean),
});

/**
 * The header line of a certification log, without line end.
 *
 * Tab-separated. The first six columns, `idx label predict radius correct time`, are those of the official logs; those of the full format
 * keep full precision and hold what is needed to check the row again.
 *
 * @throws OptionError if an option is unknown or outside its domain.
 * @see `code/certify.py` of https://github.com/locuslab/smoothing
 */
export function certificationLogHeader(options: CertificationLogOptions = {}): string {
  const { format, votes } = certificationLogOptions.parse('certificationLogHeader', options);
  return headerText(formWith(format, votes));
}

/**
 * Writes one row of a certification log, without line end.
 *
 * `radius` has three significant digits, as in the official logs, but is rounded down: the number in the log is never above the certified
 * radius; a number of changes is written in full. `predict` is -1 for an abstention. In the full format every number reads back as the same double, votes are written as
 * `classes class:count ...` without the zeros, lists and records as JSON, the image's own key as `word0:word1`; fields that the
 * certificate lacks are empty. `parseCertificationLog` gives the row back.
 *
 * @throws OptionError if the row contradicts itself or its certificate, holds a value that could not be read back, or lacks the
 * certificate that the full format needs; and if an option is unknown or outside its domain.
 * @example
 * ```ts
 * await file.write(certificationLogHeader() + '\n');
 * for await (const row of certifyDataset(g, testSet, options)) await file.write(formatCertificationRow(row) + '\n');
 * ```
 */
export function formatCertificationRow(row: LoggedRow, options: CertificationLogOptions = {}): string {
  const call = 'formatCertificationRow';
  const { format, votes } = certificationLogOptions.parse(call, options);
  return rowText(call, row, formWith(format, votes));
}

/**
 * A whole certification log: header and rows, each line ended by a newline.
 *
 * @throws OptionError as {@link formatCertificationRow} does.
 */
export function certificationLog(rows: readonly LoggedRow[], options: CertificationLogOptions = {}): string {
  const call = 'certificationLog';
  const { format, votes } = certificationLogOptions.parse(call, options);
  const form = formWith(format, votes ?? rows.some(({ certificate }) => certificate?.votes !== undefined));
  return [headerText(form), ...rows.map((row) => rowText(call, row, form)), ''].join('\n');
}

/**
 * Forms of logs that catrs goes on with: today's, with votes one by one or without, and that of catrs 0.2 to 0.5, which did not say what ran the classifier.
 * @internal
 */
export type FullForm = 'full' | 'full with votes' | 'version 0.5';

function formWith(format: CertificationLogFormat, votes: boolean | undefined): CertificationLogFormat | FullForm {
  return format === 'full' && votes === true ? 'full with votes' : format;
}

/** The header of a form. @internal */
export function fullHeader(form: FullForm): string {
  return logColumns[form].join('\t');
}

/** A row as it stands in a log of a form. @internal */
export function fullRowText(call: string, row: LoggedRow, form: FullForm): string {
  return rowText(call, row, form);
}

function headerText(form: CertificationLogFormat | FullForm): string {
  return logColumns[isFullForm(form) ? form : 'reference'].join('\t');
}

function isFullForm(form: CertificationLogFormat | FullForm): form is FullForm {
  return form !== 'reference' && form !== 'reference-rounded';
}

function rowText(call: string, row: LoggedRow, format: CertificationLogFormat | FullForm): string {
  checkRow(call, row);
  const { idx, label, predict, correct, time } = outcomeColumns;
  const norm = row.certificate?.norm ?? row.norm;
  const isRounded = format === 'reference-rounded' && !countsChanges(norm);
  const radius = isRounded ? formatRounded(row.radius) : radiusCell(norm).write(row.radius);
  const texts = [
    write(call, 'index', idx, row.index),
    write(call, 'label', label, row.label),
    predict.write(row.predicted),
    radius,
    correct.write(row.correct),
    write(call, 'milliseconds', time, row.milliseconds),
  ];
  if (!isFullForm(format)) return texts.join('\t');
  const { certificate, engine = '' } = row;
  if (certificate === undefined) {
    const details = { call, field: 'certificate', value: row, got: 'undefined', way: "format 'reference' needs none" };
    throw refusal(OptionError, details, 'must be there for the full format');
  }
  const all = [...texts, fullRadiusCell.write(row.radius), ...writeCertificate(call, certificate)];
  const { votes = [] } = certificate;
  if (votes.length > 0 && format !== 'full with votes') {
    const details = {
      call,
      field: 'certificate.votes',
      value: votes,
      got: `${votes.length} votes`,
      way: '`votes: true` gives them a column',
    };
    throw refusal(OptionError, details, 'must not be there in a log without their column');
  }
  if (format === 'version 0.5') return all.join('\t');
  const kept = format === 'full with votes' ? [votesCell.write(votes)] : [];
  return [...all, write(call, 'engine', engineCell, engine), ...kept].join('\t');
}

function write<T extends number | string>(call: string, field: string, cell: LogCell<T>, value: T): string {
  const text = cell.write(value);
  if (typeof value === typeof cell.read(text)) return text;
  throw refusal(OptionError, { call, field, value }, cell.must);
}

/** A row says some things twice. */
function checkRow(call: string, { label, predicted, radius, correct, abstained, certificate }: LoggedRow): void {
  const inCertificate = certificate ?? { label: predicted, radius, abstained };
  const twice: readonly (readonly [string, unknown, unknown])[] = [
    ['correct', correct, predicted === label && label >= 0],
    ['abstained', abstained, predicted === -1],
    ['certificate.label', inCertificate.label, predicted],
    ['certificate.radius', inCertificate.radius, radius],
    ['certificate.abstained', inCertificate.abstained, abstained],
  ];
  write(call, 'predicted', outcomeColumns.predict, predicted);
  const radiusIs = { call, field: 'radius', value: radius };
  if (!(radius >= 0)) throw refusal(OptionError, radiusIs, 'must be a number of at least 0');
  if (abstained && radius > 0) throw refusal(OptionError, radiusIs, 'must be 0 for an abstention');
  for (const [field, value, expected] of twice) {
    if (value === expected) continue;
    throw refusal(OptionError, { call, field, value }, `must be ${showValue(expected)} in this row`);
  }
}
