import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CliError } from './cli-error.ts';
import { inFile } from './in-file.ts';

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
