import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CatrsError } from '../errors.ts';
import type { DataOptions } from './common-options.ts';
import { CliError } from './io.ts';

/** Runs something about a file, so that its errors name the file. @internal */
export async function inFile<T>(path: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CatrsError) {
      // The text is that of the file.
      throw new CliError(`${path}: ${error.message.slice(`${error.call}: `.length).replace(/^`text` /, '')}`);
    }
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

const unpack = promisify(gunzip);
/** As the decoders of the library: it stops a small hostile file from filling the memory. */
const MOST_BYTES = 2 ** 30;

/** The bytes of a file, unpacked if gzip has packed it, whatever its name is. @internal */
export async function readPlain(path: string): Promise<Uint8Array> {
  const bytes = await inFile(path, () => readFile(path));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await unpack(bytes, { maxOutputLength: MOST_BYTES });
  } catch (error) {
    const { message } = error as Error;
    throw new CliError(`${path}: must be a whole gzip file of at most 1 GiB unpacked, got "${message}"`);
  }
}

/** A format that a file can have. @internal */
export type FileFormat = Exclude<DataOptions['format'], 'auto'>;

/** What files begin with that cannot be read as data, and what to do. */
const OTHERS: readonly (readonly [string, string])[] = [
  ['474946', 'a GIF image (convert it to PNG)'],
  ['894844460d0a', 'an HDF5 file (save the arrays as NPZ)'],
  ['50415231', 'a Parquet file (save the arrays as NPZ)'],
  ['8002', 'a Python pickle (save the arrays as NPZ, or take the binary version of CIFAR)'],
  ['8003', 'a Python pickle (save the arrays as NPZ)'],
  ['8004', 'a Python pickle (save the arrays as NPZ)'],
  ['7b', 'text in JSON'],
];

/** The format of a file by its first bytes; undefined where they say none. @internal */
export function startOf(bytes: Uint8Array): Exclude<FileFormat, 'cifar10' | 'cifar100'> | undefined {
  const head = hexOf(bytes);
  if (head.startsWith('934e554d5059')) return 'npy';
  if (head.startsWith('504b0304')) return 'npz';
  if (head.startsWith('89504e470d0a1a0a')) return 'png';
  if (head.startsWith('ffd8ff')) return 'jpeg';
  return /^0000(08|09|0b|0c|0d|0e)0[1-9]/.test(head) ? 'idx' : undefined;
}

/** The format of a file by its content, unpacked. Throws CliError that says what was found. @internal */
export function detectFormat(path: string, bytes: Uint8Array): FileFormat {
  const format = startOf(bytes) ?? cifarOf(path, bytes.length);
  if (format !== undefined) return format;
  const head = hexOf(bytes);
  const other = OTHERS.find(([start]) => head.startsWith(start))?.[1];
  const shown = head === '' ? 'an empty file' : `a file of ${bytes.length} bytes that begins with ${head}`;
  throw new CliError(`${path}: must be IDX, CIFAR binary, NPY, NPZ or a folder of images, got ${other ?? shown}`);
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 8)).toString('hex');

/** The files of CIFAR have no header: they are told by their name and their size. */
function cifarOf(path: string, size: number): 'cifar10' | 'cifar100' | undefined {
  if (!/\.bin(\.gz)?$/.test(path) || size === 0) return undefined;
  const [isTen, isHundred] = [size % 3073 === 0, size % 3074 === 0];
  if (isTen && isHundred) {
    throw new CliError(`${path}: can be CIFAR-10 and CIFAR-100 by its size (add --format cifar10 or cifar100)`);
  }
  return isTen ? 'cifar10' : isHundred ? 'cifar100' : undefined;
}
