import { Buffer } from 'node:buffer';
import { CliError } from './cli-error.ts';
import type { DataFormat } from './common-options.ts';

/** A format that a file can have. @internal */
export type FileFormat = Exclude<DataFormat, 'auto'>;

/** What files begin with that cannot be read as data, and what to do. */
const OTHERS: readonly (readonly [string, string])[] = [
  ['ffd8ff', 'a JPEG image (convert it to PNG)'],
  ['474946', 'a GIF image (convert it to PNG)'],
  ['894844460d0a', 'an HDF5 file (save the arrays as NPZ)'],
  ['50415231', 'a Parquet file (save the arrays as NPZ)'],
  ['8002', 'a Python pickle (save the arrays as NPZ, or take the binary version of CIFAR)'],
  ['8003', 'a Python pickle (save the arrays as NPZ)'],
  ['8004', 'a Python pickle (save the arrays as NPZ)'],
  ['7b', 'text in JSON'],
];

/** The format of a file by its content, unpacked. Throws CliError that says what was found. @internal */
export function detectFormat(path: string, bytes: Uint8Array): FileFormat {
  const head = Buffer.from(bytes.subarray(0, 8)).toString('hex');
  if (head.startsWith('934e554d5059')) return 'npy';
  if (head.startsWith('504b0304')) return 'npz';
  if (head.startsWith('89504e470d0a1a0a')) return 'png';
  if (/^0000(08|09|0b|0c|0d|0e)0[1-9]/.test(head)) return 'idx';
  const cifar = cifarOf(path, bytes.length);
  if (cifar !== undefined) return cifar;
  const other = OTHERS.find(([start]) => head.startsWith(start))?.[1];
  const shown = head === '' ? 'an empty file' : `a file of ${bytes.length} bytes that begins with ${head}`;
  throw new CliError(`${path}: must be IDX, CIFAR binary, NPY, NPZ or a folder of PNG files, got ${other ?? shown}`);
}

/** The files of CIFAR have no header: they are told by their name and their size. */
function cifarOf(path: string, size: number): 'cifar10' | 'cifar100' | undefined {
  if (!/\.bin(\.gz)?$/.test(path) || size === 0) return undefined;
  const [isTen, isHundred] = [size % 3073 === 0, size % 3074 === 0];
  if (isTen && isHundred) {
    throw new CliError(`${path}: can be CIFAR-10 and CIFAR-100 by its size (add --format cifar10 or cifar100)`);
  }
  return isTen ? 'cifar10' : isHundred ? 'cifar100' : undefined;
}
