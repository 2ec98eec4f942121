import { jsonCopy } from '../data/json-values.ts';
import { CatrsError, DataError, OptionError, refusal, showValue } from '../errors.ts';
import type { OutputRecord, OutputTask } from '../smoothed/outputs/types.ts';
import { kindOfOutput } from '../smoothed/outputs/verify-output.ts';
import { targetCheckOf } from './output-figures.ts';
import type { OutputRow } from './output-rows.ts';

/** What the first line of a log of outputs says. */
interface OutputLogHeader {
  readonly catrs: 'outputs';
  readonly version: number;
  readonly task: OutputTask;
}

const VERSION = 1;
const NAME = '{"catrs":"outputs",';

/** A log of the rows of one task. */
export interface OutputLog<C extends OutputRecord = OutputRecord, T = unknown> {
  /** The task of all its rows, which it has without a row, too. */
  readonly task: OutputTask;
  /** The rows in the order of the log. */
  readonly rows: readonly OutputRow<C, T>[];
}

/** The first line of a log of a task, without its end. @internal */
export function outputLogHeader(task: OutputTask): string {
  const header: OutputLogHeader = { catrs: 'outputs', version: VERSION, task };
  return JSON.stringify(header);
}

/** Whether a text begins as a log of outputs does, whole or cut off within its header. */
export function isOutputLog(text: string): boolean {
  return text !== '' && (text.length < NAME.length ? NAME.startsWith(text) : text.startsWith(NAME));
}

/**
 * The line of a row, without its end. Throws OptionError naming `call` for what JSON cannot hold: it would write NaN and Infinity as null.
 * @internal
 */
export function outputRowText(
  call: string,
  { index, target, engine, milliseconds, certificate }: OutputRow<OutputRecord, unknown>,
): string {
  const time = Number(milliseconds.toFixed(3));
  const row = { index, target, ...(engine !== undefined && { engine }), milliseconds: time, certificate };
  const json = jsonCopy(row, ({ at, value }) => {
    const got = `${showValue(value)} at row${at} of example ${index}`;
    return refusal(OptionError, { call, field: 'rows', value, got }, 'must hold values of JSON only');
  });
  return JSON.stringify(json);
}

const FORMAT = 'formatOutputLog';

/**
 * The log of rows that are not of one label, as `certifyToLog` writes it: a header with the task, then one row a line, in JSON.
 *
 * Numbers are written whole, times in milliseconds to the third digit. `parseOutputLog` reads it.
 *
 * @param task - the task of all rows
 * @param rows - rows of `certifyDataset`, each index once
 * @throws OptionError for rows of another task and for what JSON cannot hold
 * @example
 * ```ts
 * await writeFile('boxes.jsonl', formatOutputLog('regression', rows));
 * ```
 */
export function formatOutputLog(task: OutputTask, rows: readonly OutputRow[]): string {
  targetCheckOf(FORMAT, task);
  const other = rows.find(({ certificate }) => certificate.task !== task);
  if (other !== undefined) {
    const got = `one of ${other.certificate.task} at example ${other.index}`;
    throw refusal(OptionError, { call: FORMAT, field: 'rows', value: other, got }, `must all be of ${task}`);
  }
  return [outputLogHeader(task), ...rows.map((row) => outputRowText(FORMAT, row))].map((line) => `${line}\n`).join('');
}

const PARSE = 'parseOutputLog';

/**
 * Reads a log of rows that are not of one label, whatever the task.
 *
 * Every line must stand there byte for byte as it is written; rows keep each number. `verifyCertificate` derives a certificate again,
 * `outputFigures` says what the rows say as a whole.
 *
 * @param text - the whole log: header and rows, each with a line end
 * @throws DataError, naming line and reason, for another file, another version, a line that is damaged, cut off, edited or doubled, and for what is
 * no certificate or no target of the task
 * @throws OptionError if `text` is not a string
 * @example
 * ```ts
 * const { task, rows } = parseOutputLog(await readFile('boxes.jsonl', 'utf8'));
 * ```
 */
export function parseOutputLog(text: string): OutputLog {
  if (typeof text !== 'string')
    throw refusal(OptionError, { call: PARSE, field: 'text', value: text }, 'must be a string');
  const [rest = '', ...reversed] = text.split('\n').reverse();
  const lines = reversed.reverse();
  const refuse = (reason: string): DataError =>
    refusal(
      DataError,
      { call: PARSE, field: 'text', value: text, got: reason },
      'must be a log of outputs without damage',
    );
  if (rest !== '') throw refuse(`no line end at its end (the log may be cut off)`);
  return outputLogOfLines(lines, refuse);
}

/** Reads the whole lines of a log, the header first. `refuse` makes the error of a reason. @internal */
export function outputLogOfLines(lines: readonly string[], refuse: (reason: string) => Error): OutputLog {
  const [first = '', ...others] = lines;
  const task = taskOfHeader(first, refuse);
  const found = new Map<number, number>();
  const rows = others.map((line, i) => {
    const number = i + 2;
    const wrong = (reason: string): Error => refuse(`line ${number}, ${reason}`);
    const row = rowOfLine(line, task, wrong);
    const other = found.get(row.index);
    if (other !== undefined) throw wrong(`which has example ${row.index}, as line ${other} has`);
    found.set(row.index, number);
    return row;
  });
  return { task, rows };
}

/** The task of a log by its first line; `refuse` makes the error of a reason. @internal */
export function taskOfHeader(line: string, refuse: (reason: string) => Error): OutputTask {
  if (!isOutputLog(line)) throw refuse(`${short(line)} for its first line`);
  const { version, task } = objectOf(line) as Partial<OutputLogHeader>;
  if (typeof version === 'number' && version > VERSION) {
    throw refuse(`version ${version} of the format in line 1, which a later catrs writes`);
  }
  try {
    targetCheckOf(PARSE, task as OutputTask);
  } catch {
    throw refuse(`${short(line)} for its first line`);
  }
  if (line !== outputLogHeader(task as OutputTask)) throw refuse('line 1, which is not as it was written');
  return task as OutputTask;
}

function rowOfLine(line: string, task: OutputTask, wrong: (reason: string) => Error): OutputRow {
  const row = objectOf(line) as Partial<OutputRow> | undefined;
  if (row === undefined) throw wrong(`which is no row: ${short(line)}`);
  const { index, target, engine, milliseconds, certificate } = row;
  if (!(Number.isSafeInteger(index) && (index as number) >= 0)) throw wrong('whose `index` is no index');
  if (target === undefined) throw wrong('which has no `target`');
  if (engine !== undefined && typeof engine !== 'string') throw wrong('whose `engine` is no text');
  if (typeof milliseconds !== 'number' || milliseconds < 0) throw wrong('whose `milliseconds` are no time');
  if (typeof certificate !== 'object' || (certificate as object | null) === null)
    throw wrong('which has no `certificate`');
  if (certificate.task !== task)
    throw wrong(`whose certificate is of ${short(String(certificate.task))} in a log of ${task}`);
  try {
    kindOfOutput(PARSE, certificate).parse(PARSE, certificate);
    if (target !== null) targetCheckOf(PARSE, task)(PARSE, target);
    if (outputRowText(PARSE, row as OutputRow) === line) return row as OutputRow;
  } catch (error) {
    if (error instanceof CatrsError) throw wrong(`where ${error.message.slice(`${error.call}: `.length)}`);
    throw error;
  }
  throw wrong('which is not as it was written');
}

function objectOf(line: string): object | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const short = (text: string): string => showValue(text.length > 60 ? `${text.slice(0, 60)}...` : text);
