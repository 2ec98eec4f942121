import { crc32, deflateRawSync } from 'node:zlib';

/** A member of an archive; what is not given is as it should be. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** Checksum and sizes behind the data: with or without a signature, in 4 or 8 bytes. */
  readonly behind?: 'signed' | 'bare' | 'signed64' | 'bare64';
  /** Sizes in a zip64 field, before the data (as NumPy does) or in the directory. */
  readonly zip64?: 'local' | 'directory' | 'both';
  /** Further extra fields in the directory. */
  readonly extra?: readonly number[];
  readonly flags?: number;
  /** Lies of the directory, and of the header before the data. */
  readonly directory?: ZipFields;
  readonly local?: ZipFields;
}

/** Fields of a header that are written as given. */
export interface ZipFields {
  readonly name?: string;
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  readonly packedSize?: number;
  readonly size?: number;
  readonly offset?: number;
  readonly disk?: number;
  readonly packed?: Uint8Array;
}

/** How the archive ends. */
export interface ZipEnding {
  readonly zip64?: boolean;
  readonly disk?: number;
  readonly count?: number;
  readonly comment?: string;
  readonly between?: readonly number[];
}

const text = (value: string): number[] => [...new TextEncoder().encode(value)];
const le = (size: number, value: number): number[] =>
  Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
const MARK = 0xffffffff;
const zip64Field = (...values: number[]): number[] => [
  ...le(2, 1),
  ...le(2, 8 * values.length),
  ...values.flatMap((value) => le(8, value)),
];

/** The slow, obvious encoder of ZIP archives, from the tables of APPNOTE.TXT. */
export function zipArchive(entries: readonly ZipEntry[], ending: ZipEnding = {}): Uint8Array {
  const file: number[] = [];
  const directory: number[] = [];
  for (const entry of entries) {
    const offset = file.length;
    file.push(...localHeader(entry), ...packedOf(entry), ...behindData(entry));
    directory.push(...directoryHeader(entry, offset));
  }
  const begin = file.length;
  const { zip64 = false, disk = 0, count = entries.length, comment = '', between = [] } = ending;
  file.push(...directory, ...between);
  if (zip64) {
    const at = file.length;
    file.push(...le(4, 0x06064b50), ...le(8, 44), ...le(2, 45), ...le(2, 45), ...le(4, disk), ...le(4, 0));
    file.push(...le(8, count), ...le(8, count), ...le(8, directory.length), ...le(8, begin));
    file.push(...le(4, 0x07064b50), ...le(4, 0), ...le(8, at), ...le(4, 1));
  }
  const end = zip64 ? [0xffff, 0xffff, MARK, MARK] : [count, count, directory.length, begin];
  file.push(...le(4, 0x06054b50), ...le(2, zip64 ? 0 : disk), ...le(2, 0), ...le(2, end[0]!), ...le(2, end[1]!));
  file.push(...le(4, end[2]!), ...le(4, end[3]!), ...le(2, comment.length), ...text(comment));
  return Uint8Array.from(file);
}

function packedOf({ data, deflate, local }: ZipEntry): Uint8Array {
  return local?.packed ?? (deflate ? new Uint8Array(deflateRawSync(data)) : data);
}

function flagsOf({ flags, name, behind }: ZipEntry): number {
  const isAscii = [...name].every((character) => character < '\x80');
  return flags ?? (behind ? 8 : 0) + (isAscii ? 0 : 0x800);
}

function localHeader(entry: ZipEntry): number[] {
  const { data, deflate, behind, zip64, local = {} } = entry;
  const isWide = zip64 === 'local' || zip64 === 'both';
  const name = text(local.name ?? entry.name);
  const packedSize = local.packedSize ?? (behind ? 0 : packedOf(entry).length);
  const size = local.size ?? (behind ? 0 : data.length);
  const extra = isWide ? zip64Field(size, packedSize) : [];
  return [
    ...[
      ...le(4, 0x04034b50),
      ...le(2, 45),
      ...le(2, local.flags ?? flagsOf(entry)),
      ...le(2, local.method ?? (deflate ? 8 : 0)),
    ],
    ...[...le(2, 0), ...le(2, 0x21), ...le(4, local.crc ?? (behind ? 0 : crc32(data)))],
    ...[...le(4, isWide ? MARK : packedSize), ...le(4, isWide ? MARK : size)],
    ...[...le(2, name.length), ...le(2, extra.length), ...name, ...extra],
  ];
}

function behindData(entry: ZipEntry): number[] {
  const { data, behind } = entry;
  if (!behind) return [];
  const width = behind.endsWith('64') ? 8 : 4;
  const mark = behind.startsWith('signed') ? le(4, 0x08074b50) : [];
  return [...mark, ...le(4, crc32(data)), ...le(width, packedOf(entry).length), ...le(width, data.length)];
}

function directoryHeader(entry: ZipEntry, at: number): number[] {
  const { data, deflate, zip64, extra = [], directory = {} } = entry;
  const isWide = zip64 === 'directory' || zip64 === 'both';
  const name = text(directory.name ?? entry.name);
  const packedSize = directory.packedSize ?? packedOf(entry).length;
  const { size = data.length, offset = at } = directory;
  const fields = [...extra, ...(isWide ? zip64Field(size, packedSize, offset) : [])];
  return [
    ...[...le(4, 0x02014b50), ...le(2, 45), ...le(2, 45), ...le(2, directory.flags ?? flagsOf(entry))],
    ...[
      ...le(2, directory.method ?? (deflate ? 8 : 0)),
      ...le(2, 0),
      ...le(2, 0x21),
      ...le(4, directory.crc ?? crc32(data)),
    ],
    ...[
      ...le(4, isWide ? MARK : packedSize),
      ...le(4, isWide ? MARK : size),
      ...le(2, name.length),
      ...le(2, fields.length),
    ],
    ...[
      ...le(2, 0),
      ...le(2, directory.disk ?? 0),
      ...le(2, 0),
      ...le(4, 0),
      ...le(4, isWide ? MARK : offset),
      ...name,
      ...fields,
    ],
  ];
}
