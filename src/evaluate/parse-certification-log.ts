import { decodeFile, wrongBytes } from '../data/file-bytes.ts';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { type CertificateLog, type PredictionLog, readAnyLog, wrongLog } from './read-log.ts';
import type { LoggedRow, PredictedRow } from './rows.ts';

const PARSE_LOG = 'parseCertificationLog';
const PARSE_PREDICTIONS = 'parsePredictionLog';

/** Counts of all rows together: a limit of memory for a log that lies about its number of classes. */
const MAX_COUNTS = 2 ** 27;

/**
 * Reads a certification log.
 *
 * It takes all formats of {@link certificationLog}, the logs of catrs 0.1.0, and the published logs of other code: six columns, parted by tabs,
 * commas or blanks; `l1_radius`, `l2_radius`, `linf_radius`, `l0_radius`, `patch_radius` or `edit_radius` for `radius`, with `prob_lb` beside it; numbers with an exponent, classes written
 * as floats, `correct` as `True` and `False`, times as `H:MM:SS.ffffff` (days in front if any) or in seconds, `\r\n` for `\n`, blanks at the ends of
 * cells, empty last lines, lines that begin with `#`. Rows of the full format have their certificate, equal in every field to the one that
 * was written; `verifyCertificate` derives it again. Nothing is guessed: a cell that is not what its column must hold is an error with line and column.
 *
 * A negative radius, one that is no number, and a radius of 0 for the right class that is not called correct certify nothing: the row is an
 * abstention with radius 0. A log in pieces, each with its
 * header, is one log; an image that occurs twice counts once if all lines say the same of it but for the time.
 *
 * Published logs round their radii to three digits, upwards too: such a radius can exceed the certified one by 0.5 %.
 *
 * @param text - The whole log: header and rows, each with a line end.
 * @returns The rows in the order of the log.
 * @throws DataError if the header is unknown, or that of predictions; a line is incomplete or has no line end; a cell does not hold what it must; two lines
 * contradict each other; `correct` contradicts `label` and `predict`; an abstention has a radius; `radius` contradicts `fullRadius`.
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
  const log = readAnyLog(PARSE_LOG, stringOf(PARSE_LOG, text), maxCounts);
  if (log.kind !== 'prediction') return log.entries.map(({ row }) => row);
  const must = 'must be a log of certificates';
  throw wrongLog(PARSE_LOG, 'text', must, log.header, ', which has predictions (parsePredictionLog reads them)');
}

/**
 * Reads a log of predictions, as `predict.py` of the official code and of SmoothAdv writes it: `idx label predict correct time`, with or without
 * `basePredict`, in the spellings that {@link parseCertificationLog} takes.
 *
 * Predictions certify nothing. What they give is an empirical accuracy, under attack or not: the share of correct rows, an abstention not among them.
 *
 * @param text - The whole log: header and rows, each with a line end.
 * @returns The rows in the order of the log.
 * @throws DataError as {@link parseCertificationLog} does.
 * @throws OptionError if `text` is not a string.
 * @example
 * ```ts
 * const rows = parsePredictionLog('idx\tlabel\tpredict\tcorrect\ttime\n0\t3\t3\t1\t0:00:01.250000\n');
 * rows[0]?.correct; // true
 * ```
 * @see `code/predict.py` of https://github.com/locuslab/smoothing and of https://github.com/Hadisalman/smoothing-adversarial
 */
export function parsePredictionLog(text: string): PredictedRow[] {
  const log = readAnyLog(PARSE_PREDICTIONS, stringOf(PARSE_PREDICTIONS, text), MAX_COUNTS);
  if (log.kind === 'prediction') return log.entries.map(({ row }) => row);
  const must = 'must be a log of predictions';
  const got = ', which has certificates (parseCertificationLog reads them)';
  throw wrongLog(PARSE_PREDICTIONS, 'text', must, log.header, got);
}

function stringOf(call: string, text: string): string {
  if (typeof text === 'string') return text;
  const details = { call, field: 'text', value: text, way: 'decodeCertificationLog takes bytes' };
  throw refusal(OptionError, details, 'must be a string');
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
 * Gzip is recognised by its magic bytes, not by a file name; UTF-16, which some shells write, by its byte order mark.
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
  return decodeLogText(bytes, maxBytes, parseCertificationLog);
}

/** Reads a log of certificates or of predictions, plain or packed. @internal */
export async function decodeAnyLog(bytes: Uint8Array): Promise<CertificateLog | PredictionLog> {
  const { maxBytes } = decodeCertificationLogOptions.parse(DECODE_LOG, {});
  return decodeLogText(bytes, maxBytes, (text) => readAnyLog(PARSE_LOG, text, MAX_COUNTS));
}

function decodeLogText<T>(bytes: Uint8Array | ArrayBuffer, maxBytes: number, read: (text: string) => T): Promise<T> {
  return decodeFile(DECODE_LOG, bytes, maxBytes, (file) => {
    if (file.length > maxBytes) {
      const must = `must be at most ${maxBytes} bytes, got ${file.length} (raise \`maxBytes\` if the file is trusted)`;
      throw wrongBytes(DECODE_LOG, must, bytes);
    }
    return read(decodeText(file));
  });
}

/** Byte order marks of UTF-16, little and big endian. */
const UTF_16: readonly (readonly [mark: readonly [number, number], encoding: string])[] = [
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

function decodeText(bytes: Uint8Array): string {
  const encoding = UTF_16.find(([[first, second]]) => bytes[0] === first && bytes[1] === second)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    const must = `must be UTF-8 text, got ${bytes.length} bytes that are not`;
    throw wrongBytes(DECODE_LOG, must, bytes);
  }
}
