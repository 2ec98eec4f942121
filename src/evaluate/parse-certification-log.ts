import { decodeFile, wrongBytes } from '../data/file-bytes.ts';
import { DataError, OptionError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { logColumns, type LogLine, readLogRow } from './log-row.ts';
import type { LoggedRow } from './rows.ts';

const PARSE_LOG = 'parseCertificationLog';

/** Counts of all rows together: a limit of memory for a log that lies about its number of classes. */
const MAX_COUNTS = 2 ** 27;

/**
 * Reads a certification log.
 *
 * It takes all formats of {@link certificationLog}, the logs of catrs 0.1.0, and the published logs of the official scripts: radii with an
 * exponent, classes written as floats, times as `H:MM:SS.ffffff` (days in front if any) or in seconds, `\r\n` for `\n`. Rows of the full
 * format have their certificate, equal in every field to the one that was written; `verifyCertificate` derives it again.
 * Nothing is guessed: a cell that is not what its column must hold is an error with line and column.
 *
 * Published logs round their radii to three digits, upwards too: such a radius can exceed the certified one by 0.5 %.
 *
 * @param text - The whole log: header and rows, each with a line end.
 * @returns The rows in the order of the log.
 * @throws DataError if the header is unknown; a line is incomplete or has no line end; a cell does not hold what it must; an image occurs
 * twice; `correct` contradicts `label` and `predict`; an abstention has a radius; `radius` contradicts `fullRadius`.
 * @throws OptionError if `text` is not a string.
 * @example
 * ```ts
 * const rows = parseCertificationLog(await readFile('noise_0.50.tsv', 'utf8'));
 * averageCertifiedRadius(rows);
 * ```
 */
export function parseCertificationLog(text: string): LoggedRow[] {
  return parseLog(text, MAX_COUNTS);
}

/** @internal */
export function parseLog(text: string, maxCounts: number): LoggedRow[] {
  if (typeof text !== 'string') {
    const details = { call: PARSE_LOG, field: 'text', value: text, way: 'decodeCertificationLog takes bytes' };
    throw refusal(OptionError, details, 'must be a string');
  }
  const [header = '', ...lines] = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  const kind = kindOf(header);
  const rest = lines.pop() ?? header;
  if (rest !== '') {
    const more = ' (the log may be cut off; add a line end if it is complete)';
    throw wrongCell('text', 'must end with a line end', rest, more);
  }
  return readRows(kind, lines, maxCounts);
}

function kindOf(header: string): LogLine['kind'] {
  const kinds = Object.keys(logColumns) as LogLine['kind'][];
  const kind = kinds.find((name) => logColumns[name].join('\t') === header);
  if (kind !== undefined) return kind;
  const names = logColumns.reference.join(', ');
  throw wrongCell('text', `must begin with the header of a certification log (${names}, tab-separated)`, header);
}

function readRows(kind: LogLine['kind'], lines: readonly string[], maxCounts: number): LoggedRow[] {
  const width = logColumns[kind].length;
  const seen = new Set<number>();
  let counts = 0;
  return lines.map((line, i) => {
    const place = `in line ${i + 2}`;
    const cells = line.split('\t');
    if (cells.length !== width) {
      throw wrongCell(
        'text',
        `must have ${width} columns ${place}`,
        line,
        ` with ${cells.length} (cut off or damaged)`,
      );
    }
    const row = readLogRow({
      kind,
      cells,
      refuse: (column, must, cell) => wrongCell(column, `${must} ${place}`, cell),
    });
    if (seen.has(row.index)) throw wrongCell('idx', `must be another one than before ${place}`, String(row.index));
    seen.add(row.index);
    counts += row.certificate ? row.certificate.counts.length + row.certificate.countsSelection.length : 0;
    if (counts > maxCounts) throw wrongCell('counts', `must not exceed ${maxCounts} entries in all ${place}`, line);
    return row;
  });
}

/** The error for a piece of the log; a long piece is cut. */
function wrongCell(field: string, must: string, text: string, more = ''): DataError {
  const shown = showValue(text.length > 60 ? `${text.slice(0, 60)}...` : text);
  return refusal(DataError, { call: PARSE_LOG, field, value: text, got: `${shown}${more}` }, must);
}

const DECODE_LOG = 'decodeCertificationLog';

/** Options of {@link decodeCertificationLog}. */
export interface DecodeCertificationLogOptions {
  /**
   * Most bytes that the log may have, after unpacking. It stops a small hostile file from filling the memory.
   *
   * @defaultValue 2^28 (256 MiB; a published log of 10 000 images has 0.3 MB)
   */
  readonly maxBytes?: number | undefined;
}

const decodeCertificationLogOptions = optionsOf<DecodeCertificationLogOptions>()({
  maxBytes: fields.withDefault(fields.positiveInteger, 2 ** 28),
});

/**
 * Reads the bytes of a certification log, plain or packed with gzip, as `parseCertificationLog` reads its text.
 *
 * Gzip is recognised by its magic bytes, not by a file name.
 *
 * @param bytes - The whole file.
 * @throws DataError if the file does not unpack, is too large or not UTF-8, and as {@link parseCertificationLog} does.
 * @throws OptionError if an option is unknown or outside its domain.
 * @example
 * ```ts
 * const rows = await decodeCertificationLog(await readFile('noise_0.50.tsv.gz'));
 * ```
 */
export async function decodeCertificationLog(
  bytes: Uint8Array | ArrayBuffer,
  options: DecodeCertificationLogOptions = {},
): Promise<LoggedRow[]> {
  const { maxBytes } = decodeCertificationLogOptions.parse(DECODE_LOG, options);
  return decodeFile(DECODE_LOG, bytes, maxBytes, (file) => {
    if (file.length > maxBytes) {
      const must = `must be at most ${maxBytes} bytes, got ${file.length} (raise \`maxBytes\` if the file is trusted)`;
      throw wrongBytes(DECODE_LOG, must, bytes);
    }
    return parseCertificationLog(decodeUtf8(file));
  });
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw wrongBytes(DECODE_LOG, `must be UTF-8 text, got ${bytes.length} bytes that are not: ${reason}`, bytes);
  }
}
