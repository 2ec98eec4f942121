import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFor } from '../../node/file-lock.ts';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';

/** The files of a run. @internal */
export interface RunFolder {
  readonly checkpoint: string;
  readonly log: string;
  readonly model: string;
  /** Whether there is a checkpoint to go on with. */
  readonly isBegun: boolean;
  /** Gives the folder back. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;

/** Where the files of a run are. @internal */
export function filesOf(out: string): Pick<RunFolder, 'checkpoint' | 'log' | 'model'> {
  return {
    checkpoint: join(out, 'checkpoint.safetensors'),
    log: join(out, 'scalars.jsonl'),
    model: join(out, 'model.json'),
  };
}

/** Makes `--out`, or takes that of an earlier run, under a lock. Throws CliError if something is there that would be lost. @internal */
export async function openRunFolder(out: string, resume: boolean): Promise<RunFolder> {
  const { checkpoint, log, model } = filesOf(out);
  await inFile(out, () => mkdir(out, { recursive: true }));
  const unlock = await lockFor('train', join(out, 'train'));
  try {
    const isBegun = await isThere(checkpoint);
    if (isBegun && !resume) {
      throw new CliError(`--out must be a new folder, got ${out}, which has a run (add --resume to go on with it)`);
    }
    for (const file of [log, model]) {
      if (isBegun || !(await isThere(file))) continue;
      throw new CliError(
        `--out must be a new folder, got ${out}, which has ${file} without a checkpoint (choose another)`,
      );
    }
    return { checkpoint, log, model, isBegun, [Symbol.asyncDispose]: unlock };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** Numbers of a step or an epoch. */
interface Scalars {
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
