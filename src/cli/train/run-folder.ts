import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFor } from '../../node/file-lock.ts';
import { CliError } from '../cli-error.ts';
import { inFile } from '../in-file.ts';

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

/** Makes `--out`, or takes that of an earlier run, under a lock. Throws CliError if something is there that would be lost. @internal */
export async function openRunFolder(out: string, resume: boolean): Promise<RunFolder> {
  const [checkpoint, log, model] = [
    join(out, 'checkpoint.safetensors'),
    join(out, 'scalars.jsonl'),
    join(out, 'model.json'),
  ];
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
