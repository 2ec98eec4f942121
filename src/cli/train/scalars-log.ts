import { type FileHandle, open } from 'node:fs/promises';
import { CliError } from '../cli-error.ts';

/** Numbers of a step or an epoch. @internal */
export interface Scalars {
  /** Optimizer steps so far. */
  readonly step: number;
  /** The epoch, from 0. */
  readonly epoch: number;
  readonly [name: string]: number;
}

/**
 * The scalars of a run, one JSON object a line: `wallTime` (seconds since 1970, as TensorBoard has it), `step`, `epoch` and numbers by name.
 * @internal
 */
export class ScalarsLog {
  readonly #handle: FileHandle;
  #lines: string[] = [];
  #bytes: number;

  private constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** Opens a log and cuts off what was written after the checkpoint. */
  static async open(path: string, bytes: number): Promise<ScalarsLog> {
    const handle = await open(path, bytes === 0 ? 'w' : 'r+').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new CliError(`${path}: must be there to go on, got no file (put it back, or begin in another --out)`);
    });
    const { size } = await handle.stat();
    if (size < bytes) {
      await handle.close();
      throw new CliError(`${path}: must have the ${bytes} bytes of the checkpoint, got ${size} (put it back)`);
    }
    await handle.truncate(bytes);
    return new ScalarsLog(handle, bytes);
  }

  /** Adds a line; `flush` writes it. */
  add(scalars: Scalars): void {
    this.#lines.push(`${JSON.stringify({ wallTime: Date.now() / 1000, ...scalars })}\n`);
  }

  /** Writes the lines, and gives the length of the log. */
  async flush(): Promise<number> {
    const text = new TextEncoder().encode(this.#lines.join(''));
    this.#lines = [];
    await this.#handle.write(text, 0, text.length, this.#bytes);
    this.#bytes += text.length;
    return this.#bytes;
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}
