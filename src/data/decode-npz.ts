import { DataError, OptionError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { NpyArray } from './arrays.ts';
import { asBytes, crc32, showText, unpack, wrongBytes } from './file-bytes.ts';
import { decodeNpyFile } from './npy.ts';
import { readZipDirectory } from './zip-directory.ts';
import { type PackedMember, zipFile } from './zip-member.ts';

const CALL = 'decodeNpz';
const SUFFIX = '.npy';

/** Options of {@link decodeNpz}. */
export interface DecodeNpzOptions {
  /**
   * Names of the arrays to decode, without `.npy`; a member without that ending has its whole name. The others are not unpacked, so their
   * content is neither read nor checked.
   *
   * @defaultValue all arrays of the archive, that is its members that end in `.npy`
   */
  readonly names?: readonly string[] | undefined;
  /**
   * Most bytes that the decoded arrays may take in the archive when unpacked, all together. It stops a small hostile file from
   * filling the memory.
   *
   * @defaultValue 2^30 (1 GiB)
   */
  readonly maxBytes?: number | undefined;
}

const decodeNpzOptions = optionsOf<DecodeNpzOptions>()({
  names: fields.optional(
    fields.field<readonly string[]>(
      'must be a list of names',
      (v) => Array.isArray(v) && v.every((name) => typeof name === 'string'),
    ),
  ),
  maxBytes: fields.withDefault(fields.positiveInteger, 2 ** 30),
});

/**
 * Decodes an NPZ file (`np.savez` and `np.savez_compressed`): a ZIP archive of NPY files.
 *
 * Gives the arrays by name, without `.npy`, in the order of the archive; each is read as {@link decodeNpy} reads a file. The archive is held to a
 * strict form before anything is unpacked: members stored or deflated, one behind the other from the first byte to
 * the directory, each described alike in both places, none twice, none encrypted, none with a path that leaves the archive. Every unpacked member is
 * held against its CRC-32. As for `np.load`, an archive may have a comment, folders and members that are no arrays, which are passed over. Arrays
 * of Python objects are pickles, which would run code of the file: they are refused.
 *
 * @param bytes - The whole file.
 * @throws DataError if the archive breaks one of these rules, a member is not an NPY file that {@link decodeNpy} takes, or the
 * arrays unpack to more than `maxBytes`.
 * @throws OptionError if an option is unknown or outside its domain, or the archive has no array of a name.
 * @example
 * ```ts
 * const arrays = await decodeNpz(await readFile('breastmnist.npz'), { names: ['test_images', 'test_labels'] });
 * arrays.get('test_images')?.shape; // [156, 28, 28]
 * ```
 * @see Format: https://numpy.org/doc/stable/reference/generated/numpy.savez.html and PKWARE's APPNOTE.TXT
 */
export async function decodeNpz(
  bytes: Uint8Array | ArrayBuffer,
  options: DecodeNpzOptions = {},
): Promise<ReadonlyMap<string, NpyArray>> {
  const { names, maxBytes } = decodeNpzOptions.parse(CALL, options);
  const members = chosenMembers(readZipDirectory(zipFile(CALL, asBytes(CALL, bytes))), names);
  const total = [...members.values()].reduce((sum, { size }) => sum + size, 0);
  if (total > maxBytes) {
    const way = '(raise `maxBytes` if the file is trusted, or choose `names`)';
    throw wrongBytes(CALL, `must unpack to at most ${maxBytes} bytes, got ${total} ${way}`, total);
  }
  const arrays = new Map<string, NpyArray>();
  // The bytes are the host's.
  const own = [...members].map(
    ([name, member]) => [name, { ...member, packed: new Uint8Array(member.packed) }] as const,
  );
  for (const [name, member] of own) {
    const file = await unpackedMember(member);
    arrays.set(
      name,
      inMember(member, () => decodeNpyFile(CALL, file)),
    );
  }
  return arrays;
}

function chosenMembers(
  members: readonly PackedMember[],
  names: readonly string[] | undefined,
): ReadonlyMap<string, PackedMember> {
  const arrays = new Map(members.filter(isArray).map((member) => [arrayName(member), member]));
  if (names === undefined) {
    const [other] = members;
    if (arrays.size > 0 || other === undefined) return arrays;
    const way = isCheckpoint(members) ? ' (a checkpoint of PyTorch: decodeTorchCheckpoint reads it)' : '';
    throw wrongBytes(CALL, `must hold NPY files (name.npy), got member ${showText(other.name)}${way}`, other.name);
  }
  const others = members.filter((member) => !isArray(member) && !arrays.has(member.name));
  const known = new Map([...arrays, ...others.map((member) => [member.name, member] as const)]);
  const missing = names.find((name) => !known.has(name));
  if (missing === undefined) {
    const chosen = [...known].filter(([name]) => names.includes(name));
    return new Map(chosen.sort(([, a], [, b]) => members.indexOf(a) - members.indexOf(b)));
  }
  const [got, way] = [showText(missing), `it has ${showValue([...arrays.keys()])}`];
  const details = { call: CALL, field: 'names', value: missing, got, way };
  throw refusal(OptionError, details, 'must be names of arrays in the archive');
}

/** Whether a member is an array by its name; what a Mac adds to an archive is none. @internal */
export function isArray({ name }: Pick<PackedMember, 'name'>): boolean {
  return name.endsWith(SUFFIX) && !name.startsWith('__MACOSX/');
}

function isCheckpoint(members: readonly PackedMember[]): boolean {
  return members.some(({ name }) => /^(?:[^/]+\/)?data\.pkl$/.test(name));
}

function arrayName({ name }: PackedMember): string {
  return name.slice(0, -SUFFIX.length);
}

async function unpackedMember({ name, isDeflated, packed, size, crc }: PackedMember): Promise<Uint8Array> {
  const wrong = (must: string): DataError => wrongBytes(CALL, `${must} in member ${showText(name)}`, packed);
  const file = isDeflated
    ? await unpack(packed, 'deflate-raw', size, {
        tooLong: () => wrong(`must unpack to the ${size} bytes that its directory declares, got more`),
        corrupted: () => wrong('must be an intact archive, got bytes that do not unpack'),
      })
    : packed;
  if (file.length !== size) {
    throw wrong(`must unpack to the ${size} bytes that its directory declares, got ${file.length}`);
  }
  const found = crc32(file);
  if (found === crc) return file;
  throw wrong(`must have the checksum of its directory, got CRC-32 ${hex32(found)} instead of ${hex32(crc)} (damaged)`);
}

function hex32(word: number): string {
  return word.toString(16).padStart(8, '0');
}

/** Adds to an error of a member which one it is. */
function inMember<T>({ name }: PackedMember, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const { call, field, value } = error;
    const message = error.message.slice(`${call}: `.length);
    throw new DataError(`${message} in member ${showText(name)}`, { call, field, value });
  }
}
