import { showText } from './file-bytes.ts';
import {
  checkZipMember,
  hasRecord,
  IN_ZIP64,
  type PackedMember,
  uint64,
  withZip64,
  wrongZip,
  type ZipFile,
  type ZipMember,
} from './zip-member.ts';

const HEADER = 0x02014b50;
const HEADER_BYTES = 46; // of a member in the directory, without its name
const STORED = 0;
const DEFLATED = 8;
const KNOWN_FLAGS = 0x080e; // how well it is packed, sizes behind the data, name in UTF-8
const ENCRYPTED_FLAGS = 0x2041;
const UTF8 = 0x0800;
// Deflate cannot do better: 258 bytes for two bits.
const MOST_PER_BYTE = 1032;

/**
 * The members of a ZIP archive, in the order of its directory.
 *
 * Read strictly: the members must fill the file from its first byte to the directory, one behind the other, and what each says of itself
 * must be what the directory says. So no two share bytes, nothing is hidden, and no size is larger than the bytes at hand
 * can give.
 * @internal
 */
export function readZipDirectory(file: ZipFile): PackedMember[] {
  const { begin, end, members: count } = readZipEnd(file);
  const members: Omit<ZipMember, 'next'>[] = [];
  let at = begin;
  for (let i = 0; i < count; i++) {
    const [member, next] = readMember(file, at, end);
    members.push(member);
    at = next;
  }
  if (at !== end) {
    throw wrongZip(file, `must have ${count} members in its directory, got ${end - at} bytes behind them`);
  }
  const names = new Set<string>();
  for (const { name } of members) {
    if (names.has(name)) throw wrongZip(file, `must have no member twice, got ${showText(name)}`);
    names.add(name);
  }
  const offsets = members.map(({ offset }) => offset).sort((a, b) => a - b);
  const nextOf = new Map(offsets.map((offset, i) => [offset, offsets[i + 1] ?? begin]));
  const first = offsets[0] ?? begin;
  if (first !== 0 || nextOf.size !== members.length) {
    const got = first === 0 ? 'two at one place' : `${first} bytes before the first`;
    throw wrongZip(file, `must have members that follow each other without gap and overlap, got ${got}`);
  }
  return members.map((member) => checkZipMember(file, { ...member, next: nextOf.get(member.offset) ?? begin }));
}

function readMember(file: ZipFile, at: number, end: number): readonly [Omit<ZipMember, 'next'>, number] {
  const { view } = file;
  if (at + HEADER_BYTES > end || !hasRecord(file, at, HEADER, HEADER_BYTES)) {
    throw wrongZip(file, `must have a member of the directory at ${at}, got other bytes`);
  }
  const nameEnd = at + HEADER_BYTES + view.getUint16(at + 28, true);
  const extraEnd = nameEnd + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > end) throw wrongZip(file, `must have whole members in its directory, got one at ${at} that is cut off`);
  const flags = view.getUint16(at + 8, true);
  const name = memberName(file, at + HEADER_BYTES, nameEnd, flags);
  const where = ` in member ${showText(name)}`;
  if (flags & ENCRYPTED_FLAGS) throw wrongZip(file, `must not be encrypted, got flags ${flags}${where}`);
  if (flags & ~KNOWN_FLAGS) throw wrongZip(file, `must have known flags, got ${flags}${where}`);
  const method = view.getUint16(at + 10, true);
  if (method !== STORED && method !== DEFLATED) {
    throw wrongZip(file, `must be stored (0) or deflated (8), got method ${method}${where}`);
  }
  if (view.getUint16(at + 34, true) !== 0) throw wrongZip(file, `must be one archive in one file, got a part${where}`);
  const { size, packedSize, offset } = withZip64(
    file,
    {
      size: view.getUint32(at + 24, true),
      packedSize: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    },
    [nameEnd, extraEnd],
    where,
  );
  if (name.endsWith('/') && size > 0) throw wrongZip(file, `must have no data in a folder, got ${size} bytes${where}`);
  const most = method === STORED ? packedSize : packedSize * MOST_PER_BYTE;
  if (size > most || (method === STORED && size !== packedSize)) {
    throw wrongZip(file, `must have sizes that fit each other, got ${size} bytes in ${packedSize} packed ones${where}`);
  }
  return [
    { name, flags, isDeflated: method === DEFLATED, crc: view.getUint32(at + 16, true), packedSize, size, offset },
    next,
  ];
}

function memberName(file: ZipFile, begin: number, end: number, flags: number): string {
  const bytes = file.bytes.subarray(begin, end);
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw wrongZip(file, 'must have member names in UTF-8, got other bytes');
  }
  if (!(flags & UTF8) && bytes.some((byte) => byte > 0x7f)) {
    throw wrongZip(file, `must mark member names in UTF-8, got ${showText(name)} without the mark`);
  }
  // A slash at the end marks the entry of a folder.
  const parts = name.replace(/(?<=.)\/$/, '').split('/');
  const isPlain =
    !/[\\\p{Cc}]|^[a-z]:/iu.test(name) && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (isPlain) return name;
  throw wrongZip(
    file,
    `must have plain member names, without .., root, drive or control characters, got ${showText(name)}`,
  );
}

/** Where the central directory of a ZIP archive lies. */
interface ZipEnd {
  readonly begin: number;
  readonly end: number;
  readonly members: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const MOST_COMMENT_BYTES = 0xffff;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;

/** Reads the end of a ZIP archive. */
function readZipEnd(file: ZipFile): ZipEnd {
  const { bytes, view } = file;
  const at = endOfZip(file);
  if (at === undefined) {
    const must = 'must end with the end record of a ZIP archive';
    throw wrongZip(file, `${must}, got ${bytes.length} bytes that do not (not an .npz file, or truncated)`);
  }
  const plain = readEnd(view, at);
  const isZip64 = hasRecord(file, at - LOCATOR_BYTES, LOCATOR, LOCATOR_BYTES);
  const record = isZip64 ? readEnd64(file, at - LOCATOR_BYTES) : plain;
  const { end, disks, members, size, begin } = record;
  if (isZip64 && !agrees(plain, record)) {
    throw wrongZip(file, 'must say the same in its end record as in that of zip64, got two that differ');
  }
  if (disks.some((number) => number !== 0) || members[0] !== members[1]) {
    throw wrongZip(file, 'must be one archive in one file, got a part of several');
  }
  if (begin + size !== end || members[1] * HEADER_BYTES > size) {
    const must = `must have its directory of ${members[1]} members right before its end record, at ${end}`;
    throw wrongZip(file, `${must}, got ${size} bytes at ${begin}`);
  }
  return { begin, end, members: members[1] };
}

/**
 * Where the end record stands: in the last 22 bytes, or before a comment that fills the rest of the file.
 *
 * The last signature counts, so an archive cannot be read in two ways: a comment that holds another is no comment.
 */
function endOfZip(file: ZipFile): number | undefined {
  const { bytes, view } = file;
  const last = bytes.length - END_BYTES;
  const isEnd = (at: number): boolean => hasRecord(file, at, END, END_BYTES);
  if (isEnd(last) && view.getUint16(last + 20, true) === 0) return last;
  let at = last;
  while (at >= Math.max(0, last - MOST_COMMENT_BYTES) && !isEnd(at)) at--;
  return isEnd(at) && view.getUint16(at + 20, true) === last - at ? at : undefined;
}

interface EndRecord {
  /** Where the directory must end. */
  readonly end: number;
  readonly disks: readonly number[];
  /** Members on this disk and in all. */
  readonly members: readonly [number, number];
  readonly size: number;
  readonly begin: number;
}

function readEnd(view: DataView, at: number): EndRecord {
  return {
    end: at,
    disks: [view.getUint16(at + 4, true), view.getUint16(at + 6, true)],
    members: [view.getUint16(at + 8, true), view.getUint16(at + 10, true)],
    size: view.getUint32(at + 12, true),
    begin: view.getUint32(at + 16, true),
  };
}

/** Whether each number is that of zip64, or the mark that refers to it. */
function agrees(plain: EndRecord, { disks, members, size, begin }: EndRecord): boolean {
  const isSame = (value: number | undefined, mark: number, wide: number | undefined): boolean =>
    value === mark || value === wide;
  return (
    plain.disks.every((disk, i) => isSame(disk, 0xffff, disks[i])) &&
    plain.members.every((count, i) => isSame(count, 0xffff, members[i])) &&
    isSame(plain.size, IN_ZIP64, size) &&
    isSame(plain.begin, IN_ZIP64, begin)
  );
}

/** The end record of zip64, which stands right before its locator and holds every number. */
function readEnd64(file: ZipFile, locator: number): EndRecord {
  const { view } = file;
  const at = locator - END64_BYTES;
  if (!hasRecord(file, at, END64, END64_BYTES) || uint64(file, at + 4) !== END64_BYTES - 12) {
    throw wrongZip(file, 'must have the end record of zip64 right before its locator, got other bytes');
  }
  if (uint64(file, locator + 8) !== at) {
    throw wrongZip(file, `must locate the end record of zip64 at ${at}, got ${uint64(file, locator + 8)}`);
  }
  return {
    end: at,
    disks: [view.getUint32(at + 16, true), view.getUint32(at + 20, true), view.getUint32(locator + 4, true)],
    members: [uint64(file, at + 24), uint64(file, at + 32)],
    size: uint64(file, at + 40),
    begin: uint64(file, at + 48),
  };
}
