import { CatrsError } from '../errors.ts';
import { CliError } from './cli-error.ts';

/** Runs something about a file, so that its errors name the file. @internal */
export async function inFile<T>(path: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CatrsError) throw new CliError(`${path}: ${error.message.slice(`${error.call}: `.length)}`);
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === undefined ? undefined : REASONS[code];
    if (reason !== undefined) throw new CliError(`${path}: ${reason}`);
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'must be a file, got a folder',
  ENOTDIR: 'a part of the path is no folder',
  EACCES: 'may not be read by you',
  EPERM: 'may not be read by you',
};
