import { readFile } from 'node:fs/promises';
import { OptionError } from '../errors.ts';
import { cannotOpen } from './file-error.ts';
import { lockFor } from './lock-for.ts';
import { replaceFile } from './replace-file.ts';

/**
 * Writes a file that is not there yet, whole or not at all, under its lock. Nothing happens if it is there with the same content.
 *
 * @throws OptionError if it holds something else, is locked or cannot be written
 * @internal
 */
export async function writeNewFile(call: string, path: string, text: string): Promise<void> {
  try {
    const unlock = await lockFor(call, path);
    try {
      const before = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (before === text) return;
      if (before !== undefined) throw exists(call, path);
      await replaceFile(path, text);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw error instanceof OptionError ? error : cannotOpen(call, path, error);
  }
}

function exists(call: string, path: string): OptionError {
  const text = `\`file\` must be a new file, got ${path}, which holds something else (delete it or choose another name)`;
  return new OptionError(text, { call, field: 'file', value: path });
}
