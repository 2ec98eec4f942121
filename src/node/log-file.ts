import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { DataError, OptionError, refusal } from '../errors.ts';
import { fullHeader, type FullForm, fullRowText } from '../evaluate/certification-log.ts';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import { isOutputLog } from '../evaluate/output-log.ts';
import { parseCertificationLog } from '../evaluate/parse-certification-log.ts';
import { lockFor } from './file-lock.ts';
import { cannotOpen, cannotWrite } from './files.ts';

/** How a log is opened. */
interface LogFileOptions {
  /** The public call that error texts name. */
  readonly call: string;
  /** The file as the user named it. */
  readonly path: string;
  /** Whether each line must be on the disk before the next one is written. */
  readonly durable: boolean;
}

/**
 * A text file of whole lines that one process at a time extends, under a lock beside it.
 *
 * A line is written as a whole or not at all: what a failed write leaves is cut off again at once, what a killed process leaves is
 * cut off by `cutTail`. Before that, nothing in the file is changed.
 * @internal
 */
export class LogFile {
  /** What was in the file when it was opened. */
  readonly content: LogContent;
  readonly #options: LogFileOptions;
  readonly #handle: FileHandle;
  readonly #unlock: () => Promise<void>;
  /** Bytes in the file. */
  #size: number;
  /** Bytes of the whole lines that it held at first. */
  readonly #end: number;

  /** Takes over an open handle, the lock and what the file holds. */
  constructor(options: LogFileOptions, handle: FileHandle, unlock: () => Promise<void>, bytes: Buffer) {
    this.content = contentOf(bytes);
    this.#options = options;
    this.#handle = handle;
    this.#unlock = unlock;
    this.#size = bytes.length;
    this.#end = bytes.lastIndexOf('\n') + 1;
  }

  /** Opens the file, a new one if there is none, and takes its lock. Throws OptionError if either cannot be done. */
  static async open(options: LogFileOptions): Promise<LogFile> {
    const { call, path } = options;
    let handle: FileHandle | undefined;
    let unlock: (() => Promise<void>) | undefined;
    try {
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() === false) throw new Error('not a regular file');
      handle = await open(path, 'a+');
      unlock = await lockFor(call, await realpath(path));
      return new LogFile(options, handle, unlock, await handle.readFile());
    } catch (error) {
      await unlock?.();
      await handle?.close();
      throw error instanceof OptionError ? error : cannotOpen(call, path, error);
    }
  }

  /** Cuts off what follows the last line end. */
  async cutTail(): Promise<void> {
    if (this.#size === this.#end) return;
    await this.#handle.truncate(this.#end).catch((error: unknown) => {
      throw cannotWrite(this.#options.call, this.#options.path, error);
    });
    this.#size = this.#end;
  }

  /** Writes a line and its end. Throws DataError if it cannot be written or something else has changed the file. */
  async append(line: string): Promise<void> {
    await this.#checkUntouched();
    const bytes = Buffer.from(`${line}\n`);
    try {
      await this.#handle.appendFile(bytes);
      if (this.#options.durable) await this.#handle.datasync();
    } catch (error) {
      // If this fails too, the next run cuts the line off.
      await this.#handle.truncate(this.#size).catch(() => undefined);
      throw cannotWrite(this.#options.call, this.#options.path, error);
    }
    this.#size += bytes.length;
  }

  /** Closes the file and gives the lock back. */
  async close(): Promise<void> {
    try {
      await this.#handle.close();
    } catch (error) {
      throw cannotWrite(this.#options.call, this.#options.path, error); // some disks say only now that they are full
    } finally {
      await this.#unlock();
    }
  }

  /** The lock keeps runs out, not editors, copies and people. */
  async #checkUntouched(): Promise<void> {
    const { call, path } = this.#options;
    const [inside, outside] = await Promise.all([
      this.#handle.stat({ bigint: true }),
      stat(path, { bigint: true }).catch(() => undefined),
    ]);
    if (outside?.ino === inside.ino && inside.size === BigInt(this.#size)) return;
    const other = outside === undefined ? 'no file' : 'another file';
    const got = outside?.ino === inside.ino ? `${inside.size} bytes instead of ${this.#size}` : other;
    const details = { call, field: 'file', value: path, got: `${got} at ${path}` };
    throw refusal(DataError, details, 'must not be changed by anything else during a run');
  }
}

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

/** The form in which a log is gone on with: that of its header, today's for a new one. @internal */
export function formOf({ lines: [first] }: LogContent): FullForm {
  const forms = ['version 0.5', 'full with votes'] as const;
  return forms.find((form) => first === fullHeader(form)) ?? 'full';
}

/**
 * The rows of a log in the full format, each of which must stand there byte for byte as it is written in that form. A file that ends within the
 * header has no rows; the tail is left out.
 *
 * @throws DataError if it is any other file
 * @internal
 */
export function readRows(content: LogContent, source: LogSource): CertifiedRow[] {
  const { lines, tail } = content;
  const form = formOf(content);
  const header = fullHeader(form);
  const [first = tail] = lines;
  // The longest header begins as the others do.
  if (lines.length === 0 && fullHeader('full with votes').startsWith(tail)) return [];
  if (lines.length === 0 || first !== header) {
    const official = header.split('\t', 6).join('\t');
    const other = isOutputLog(first) ? 'a log of other outputs than one label' : 'which is none';
    const got = first.startsWith(official) ? 'a log with other columns or line ends' : other;
    const { call, field, path } = source;
    const way = 'it was left as it is: take another file';
    const details = { call, field, value: path, got: `${path}, ${got}`, way };
    throw refusal(DataError, details, 'must be a certification log in the full format');
  }
  const rows = parse(lines, source);
  // The reader of logs lets pass what no run writes: a second header, an image twice, an empty line at the end.
  const wrong = lines.slice(1).findIndex((line, i) => {
    const row = rows[i];
    return row === undefined || fullRowText(source.call, row, form) !== line;
  });
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

/** The error of a log in which something is not as it was written. @internal */
export function damaged({ call, field, path }: LogSource, reason: string): DataError {
  const way = 'restore the file, or go on with a copy that ends before that line';
  const details = { call, field, value: path, got: `${path}, where ${reason}`, way };
  return refusal(DataError, details, 'must be a log without damage');
}
