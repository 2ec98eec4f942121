import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { DataError, OptionError } from '../errors.ts';
import { cannotOpen, cannotWrite } from './file-error.ts';
import { lockFor } from './lock-for.ts';
import { contentOf, type LogContent } from './read-rows.ts';

/** How a log is opened. @internal */
export interface LogFileOptions {
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
    throw new DataError(`\`file\` must not be changed by anything else during a run, got ${got} at ${path}`, {
      call,
      field: 'file',
      value: path,
    });
  }
}
