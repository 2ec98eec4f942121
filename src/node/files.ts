import { open, readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DataError, OptionError, refusal } from '../errors.ts';
import { lockFor } from './file-lock.ts';

const wayOut: Readonly<Record<string, string>> = {
  ENOENT: 'make its folder first',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'name a file in that folder',
  EACCES: 'choose a folder that you may write to',
  EPERM: 'choose a folder that you may write to',
  EROFS: 'choose a folder that you may write to',
};

/** What a full disk, or a limit on the size of files, is called. */
const full: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A file that cannot be opened, locked or created. @internal */
export function cannotOpen(call: string, path: string, error: unknown, field = 'file'): OptionError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const isFull = full.has(code);
  const way = isFull ? 'what was there before is valid: make room and run again' : wayOut[code];
  const details = { call, field, value: error, got: `${path} with "${message}"`, way: way ?? 'choose another file' };
  return refusal(
    OptionError,
    details,
    isFull ? 'must be on a disk with room for it' : 'must be a file that can be opened',
  );
}

/** A line that cannot be written: the disk is full or gone. @internal */
export function cannotWrite(call: string, path: string, error: unknown): DataError {
  const { message } = error as Error;
  const way = 'the rows before are valid: make room and run again, it goes on after them';
  const details = { call, field: 'file', value: error, got: `"${message}" for ${path}`, way };
  return refusal(DataError, details, 'must be on a disk that takes every row');
}

/** The path of a file that is named by a path or a URL. Throws OptionError for a URL that has none. @internal */
export function pathOf(call: string, file: string | URL): string {
  if (typeof file === 'string') return file;
  try {
    return fileURLToPath(file);
  } catch (error) {
    throw cannotOpen(call, file.href, error);
  }
}

/**
 * Puts a file with this content in the place of `path`: whatever happens, there is the old file or the new one, whole.
 *
 * The content is written beside it (`path.part`), brought to the disk and renamed. Two writers must not meet: take the lock before.
 *
 * @internal
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const part = `${path}.part`;
  try {
    const handle = await open(part, 'w');
    try {
      await handle.writeFile(content);
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
  const way = 'choose another name';
  const details = { call, field: 'file', value: path, got: `${path}, which holds something else`, way };
  return refusal(OptionError, details, 'must be a new file');
}
