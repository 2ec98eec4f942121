import { DataError } from '../errors.ts';
import { certificationLogHeader, formatCertificationRow } from '../evaluate/certification-log.ts';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import { parseCertificationLog } from '../evaluate/parse-certification-log.ts';

/** The content of a log. @internal */
export interface LogContent {
  /** Whole lines, without their ends. */
  readonly lines: readonly string[];
  /** What follows the last line end: the beginning of a line that was not written to its end. */
  readonly tail: string;
}

/** Where a log comes from, for error texts. @internal */
export interface LogSource {
  /** The public call. */
  readonly call: string;
  /** The option or argument that names the file. */
  readonly field: string;
  /** The file. */
  readonly path: string;
}

/** Splits what is in a file. @internal */
export function contentOf(bytes: Buffer): LogContent {
  const end = bytes.lastIndexOf('\n') + 1;
  return { lines: bytes.toString('utf8', 0, end).split('\n').slice(0, -1), tail: bytes.toString('utf8', end) };
}

/**
 * The rows of a log in the full format, each of which must stand there byte for byte as it is written today. A file that ends within the
 * header has no rows; the tail is left out.
 *
 * @throws DataError if it is any other file
 * @internal
 */
export function readRows({ lines, tail }: LogContent, source: LogSource): CertifiedRow[] {
  const header = certificationLogHeader();
  const [first = tail] = lines;
  if (lines.length === 0 && header.startsWith(tail)) return [];
  if (lines.length === 0 || first !== header) {
    const official = header.split('\t', 6).join('\t');
    const got = first.startsWith(official) ? 'a log with other columns or line ends' : 'which is none';
    throw refuse(
      source,
      'must be a certification log in the full format',
      got,
      'it was left as it is: take another file',
    );
  }
  const rows = parse(lines, source);
  const wrong = rows.findIndex((row, i) => formatCertificationRow(row) !== lines[i + 1]);
  if (wrong >= 0) throw damaged(source, `line ${wrong + 2} is not as it was written`);
  return rows;
}

function parse(lines: readonly string[], source: LogSource): CertifiedRow[] {
  try {
    // The header says that every row has its certificate.
    return parseCertificationLog(`${lines.join('\n')}\n`) as CertifiedRow[];
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw damaged(source, error.message.slice(`${error.call}: `.length));
  }
}

function damaged(source: LogSource, reason: string): DataError {
  const wayOut = 'restore the file, or delete that line and all after it';
  return refuse(source, 'must be a log without damage', `where ${reason}`, wayOut);
}

function refuse({ call, field, path }: LogSource, must: string, got: string, wayOut: string): DataError {
  return new DataError(`\`${field}\` ${must}, got ${path}, ${got} (${wayOut})`, { call, field, value: path });
}
