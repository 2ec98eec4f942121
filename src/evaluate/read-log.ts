import { DataError, refusal, showValue } from '../errors.ts';
import { formatCertificationRow } from './certification-log.ts';
import {
  formOfHeader,
  isHeader,
  isSameForm,
  KNOWN_HEADERS,
  type LogForm,
  type LogKind,
  unknownColumns,
} from './log-form.ts';
import { readLogRow, readPredictedRow } from './log-row.ts';
import type { LoggedRow, PredictedRow } from './rows.ts';

/** A row, and where it stands. @internal */
export interface LogEntry<Row> {
  readonly row: Row;
  /** The line, without its end. */
  readonly line: string;
  /** Its number, from 1. */
  readonly number: number;
}

interface LogOf<Kind extends LogKind, Row> {
  readonly kind: Kind;
  /** The first header. */
  readonly header: string;
  readonly form: LogForm;
  /** The rows, each image once. */
  readonly entries: readonly LogEntry<Row>[];
  /** How many headers it has: more than one in a log of several pieces. */
  readonly pieces: number;
}

/** A log of certificates. @internal */
export type CertificateLog = LogOf<Exclude<LogKind, 'prediction'>, LoggedRow>;
/** A log of predictions. @internal */
export type PredictionLog = LogOf<'prediction', PredictedRow>;

interface Line {
  readonly text: string;
  readonly number: number;
}

/** Reads the text of a log of any known form. @internal */
export function readAnyLog(call: string, text: string, maxCounts: number): CertificateLog | PredictionLog {
  const { lines, rest } = linesOf(text);
  const [first = { text: rest, number: 1 }, ...others] = lines;
  const form = formOfHeader(first.text);
  if (form === undefined) {
    const must = `must begin with the header of a log (${KNOWN_HEADERS})`;
    throw wrongLog(call, 'text', must, first.text, unknownColumns(first.text));
  }
  if (rest !== '') {
    const more = ' (the log may be cut off; add a line end if it is complete)';
    throw wrongLog(call, 'text', 'must end with a line end', rest, more);
  }
  const reader = new RowReader(call, form, first, maxCounts);
  const { kind } = form;
  const header = first.text;
  return kind === 'prediction'
    ? { kind, header, form, entries: reader.entries(others, readPredictedRow), pieces: reader.pieces }
    : { kind, header, form, entries: reader.entries(others, readLogRow), pieces: reader.pieces };
}

/** The time of Python, whole: no line that ends so is cut off. */
const WHOLE_TIME = /\d:\d\d:\d\d\.\d{6}$/;

/** The lines that say something, and what follows the last line end. Byte order marks stand where files were joined. */
function linesOf(text: string): { readonly lines: Line[]; readonly rest: string } {
  const all = text.split('\n').map((line, i): Line => {
    return { text: line.replace(/^\uFEFF+/, '').replace(/\r$/, ''), number: i + 1 };
  });
  const last = all.at(-1)?.text ?? '';
  const isWhole = all.length > 1 && WHOLE_TIME.test(last.trimEnd()) && formOfHeader(all[0]?.text ?? '') !== undefined;
  const rest = isWhole || last.trim() === '' ? '' : last;
  if (!isWhole) all.pop();
  const lines = all.filter(({ text: line }) => !line.startsWith('#'));
  while (lines.at(-1)?.text.trim() === '') lines.pop();
  return { lines: lines.filter(isNeeded(lines)), rest };
}

/** Pieces may be parted by empty lines; between two rows an empty line is damage, which its number of columns will show. */
function isNeeded(lines: readonly Line[]): (line: Line, i: number) => boolean {
  let next: Line | undefined;
  const beforeHeader = lines.map(() => false);
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i];
    if (line?.text.trim() !== '') next = line;
    else beforeHeader[i] = next !== undefined && isHeader(next.text);
  }
  return (_, i) => beforeHeader[i] !== true;
}

/** Reads the rows of one log. */
class RowReader {
  pieces = 1;
  readonly #call: string;
  readonly #form: LogForm;
  readonly #header: Line;
  readonly #maxCounts: number;

  constructor(call: string, form: LogForm, header: Line, maxCounts: number) {
    this.#call = call;
    this.#form = form;
    this.#header = header;
    this.#maxCounts = maxCounts;
  }

  entries<Row extends LoggedRow | PredictedRow>(
    lines: readonly Line[],
    read: (line: Parameters<typeof readLogRow>[0]) => Row,
  ): LogEntry<Row>[] {
    const found = new Map<number, LogEntry<Row>>();
    let counts = 0;
    for (const { text, number } of lines) {
      if (isHeader(text)) this.#beginPiece({ text, number });
      else {
        const entry = { row: read(this.#lineOf({ text, number })), line: text, number };
        counts += countsOf(entry.row);
        if (counts > this.#maxCounts) {
          const must = `must not exceed ${this.#maxCounts} entries in all in line ${number}`;
          throw wrongLog(this.#call, 'counts', must, text);
        }
        const other = found.get(entry.row.index);
        if (other === undefined) found.set(entry.row.index, entry);
        else if (!saysTheSame(entry.row, other.row)) {
          const must = `must not be of an image of which line ${other.number} says something else, in line ${number}`;
          throw wrongLog(this.#call, 'idx', must, String(entry.row.index));
        }
      }
    }
    return [...found.values()];
  }

  #beginPiece({ text, number }: Line): void {
    const form = formOfHeader(text);
    if (form === undefined || !isSameForm(form, this.#form)) {
      const must = `must have one header for all its pieces, that of line ${this.#header.number}, in line ${number}`;
      throw wrongLog(this.#call, 'text', must, text);
    }
    this.pieces++;
  }

  #lineOf({ text, number }: Line): Parameters<typeof readLogRow>[0] {
    const cells = this.#form.split(text);
    const width = this.#form.columns.length;
    if (cells.length !== width) {
      const got = ` with ${cells.length} (cut off or damaged)`;
      throw wrongLog(this.#call, 'text', `must have ${width} columns in line ${number}`, text, got);
    }
    const refuse = (column: string, must: string, cell: string): DataError =>
      wrongLog(this.#call, column, `${must} in line ${number}`, cell);
    return { form: this.#form, cells, refuse };
  }
}

function countsOf(row: LoggedRow | PredictedRow): number {
  const certificate = 'certificate' in row ? row.certificate : undefined;
  return certificate ? certificate.counts.length + certificate.countsSelection.length : 0;
}

/** Whether two rows say the same of an image; the time may differ. @internal */
export function saysTheSame(a: LoggedRow | PredictedRow, b: LoggedRow | PredictedRow): boolean {
  const [one, other] = [
    { ...a, milliseconds: 0 },
    { ...b, milliseconds: 0 },
  ];
  if ('certificate' in one && 'certificate' in other) {
    return formatCertificationRow(one) === formatCertificationRow(other);
  }
  return JSON.stringify(entriesOf(one)) === JSON.stringify(entriesOf(other));
}

/** Infinity is no JSON. */
const entriesOf = (row: object): unknown => Object.entries(row).map(([name, value]) => [name, String(value)]);

/** The error for a piece of a log; a long piece is cut. @internal */
export function wrongLog(call: string, field: string, must: string, text: string, more = ''): DataError {
  const shown = showValue(text.length > 60 ? `${text.slice(0, 60)}...` : text);
  return refusal(DataError, { call, field, value: text, got: `${shown}${more}` }, must);
}
