import { DataError, OptionError } from '../errors.ts';

const wayOut: Readonly<Record<string, string>> = {
  ENOENT: 'make its folder first',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'name a file in that folder',
  EACCES: 'choose a folder that you may write to',
  EPERM: 'choose a folder that you may write to',
  EROFS: 'choose a folder that you may write to',
  ENOSPC: 'make room and run again',
  EDQUOT: 'make room and run again',
};

/** A file that cannot be opened, locked or created. @internal */
export function cannotOpen(call: string, path: string, error: unknown, field = 'file'): OptionError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const way = wayOut[code] ?? 'choose another file';
  const text = `\`${field}\` must be a file that can be opened, got ${path} with "${message}" (${way})`;
  return new OptionError(text, { call, field, value: error });
}

/** A line that cannot be written: the disk is full or gone. @internal */
export function cannotWrite(call: string, path: string, error: unknown): DataError {
  const { message } = error as Error;
  const text =
    `\`file\` must be on a disk that takes every row, got "${message}" for ${path}` +
    ' (the rows before are valid: make room and run again, it goes on after them)';
  return new DataError(text, { call, field: 'file', value: error });
}
