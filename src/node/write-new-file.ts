import { open, readFile, rename, rm } from 'node:fs/promises';
import { OptionError } from '../errors.ts';
import { cannotOpen } from './file-error.ts';
import { lockFor } from './lock-for.ts';

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
      await replace(path, text);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw error instanceof OptionError ? error : cannotOpen(call, path, error);
  }
}

async function replace(path: string, text: string): Promise<void> {
  const part = `${path}.part`;
  try {
    const handle = await open(part, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
}

function exists(call: string, path: string): OptionError {
  const text = `\`file\` must be a new file, got ${path}, which holds something else (delete it or choose another name)`;
  return new OptionError(text, { call, field: 'file', value: path });
}
