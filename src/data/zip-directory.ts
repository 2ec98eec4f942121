import { showText } from './file-bytes.ts';
import { checkZipMember } from './zip-member.ts';
import { readZipEnd } from './zip-end.ts';
import { hasRecord, type PackedMember, withZip64, wrongZip, type ZipFile, type ZipMember } from './zip-fields.ts';

const HEADER = 0x02014b50;
const HEADER_BYTES = 46;
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
  if (at !== end)
    throw wrongZip(file, `must have ${count} members in its directory, got ${end - at} bytes behind them`);
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
  const parts = name.split('/');
  const isPlain =
    !/[\\\p{Cc}]|^[a-z]:/iu.test(name) && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (isPlain) return name;
  throw wrongZip(
    file,
    `must have plain member names, without .., root, drive or control characters, got ${showText(name)}`,
  );
}
