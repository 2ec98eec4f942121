import type { DataError } from '../errors.ts';
import { showText, wrongBytes } from './file-bytes.ts';

/** The little-endian fields of a ZIP archive. @internal */
export interface ZipFile {
  /** The public call that reads it, for errors. */
  readonly call: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** One member of a ZIP archive, as its directory says. @internal */
export interface ZipMember {
  readonly name: string;
  readonly flags: number;
  readonly isDeflated: boolean;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  /** Where its own header begins, and where the next member or the directory does. */
  readonly offset: number;
  readonly next: number;
}

/** A member with its packed bytes. @internal */
export interface PackedMember extends ZipMember {
  readonly packed: Uint8Array;
}

/** What a field of 4 bytes holds when the value is in a zip64 field. */
export const IN_ZIP64 = 0xffffffff;

/** @internal */
export function zipFile(call: string, bytes: Uint8Array): ZipFile {
  return { call, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Eight bytes; from 2^53 on the double is rounded, and above the size of any file. @internal */
export function uint64({ view }: ZipFile, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** Whether a record with this signature and at least so many bytes stands there. @internal */
export function hasRecord({ bytes, view }: ZipFile, at: number, signature: number, size: number): boolean {
  return at >= 0 && at + size <= bytes.length && view.getUint32(at, true) === signature;
}

/** An error about the archive; `must` says what must hold and what was got. @internal */
export function wrongZip({ call, bytes }: ZipFile, must: string): DataError {
  return wrongBytes(call, must, bytes);
}

/** Numbers of 4 bytes of a header that an extra field of zip64 may replace, in their order there. */
interface ZipSizes {
  readonly size: number;
  readonly packedSize: number;
  readonly offset: number;
}

const ZIP64 = 1;

/** Replaces the sizes that are in the zip64 field among the extra fields from `begin` to `end`. @internal */
export function withZip64(
  file: ZipFile,
  sizes: ZipSizes,
  [begin, end]: readonly [number, number],
  where: string,
): ZipSizes {
  const { view } = file;
  const given = [sizes.size, sizes.packedSize, sizes.offset];
  let hasZip64 = false;
  for (let at = begin; at < end;) {
    const next = at + 4 <= end ? at + 4 + view.getUint16(at + 2, true) : Infinity;
    if (next > end) throw wrongZip(file, `must have whole extra fields, got one that is cut off${where}`);
    if (view.getUint16(at, true) === ZIP64) {
      const wanted = given.flatMap((value, i) => (value === IN_ZIP64 ? [i] : []));
      if (hasZip64 || next - at - 4 < 8 * wanted.length) {
        throw wrongZip(file, `must have one zip64 field with every size that refers to it, got another${where}`);
      }
      wanted.forEach((i, place) => (given[i] = uint64(file, at + 4 + 8 * place)));
      hasZip64 = true;
    }
    at = next;
  }
  const [size, packedSize, offset] = given as [number, number, number];
  return { size, packedSize, offset };
}

const HEADER = 0x04034b50;
const HEADER_BYTES = 30;
const DESCRIPTOR = 0x08074b50;
const SIZES_BEHIND = 0x0008;

/**
 * Holds what a member says of itself against the directory, and finds its packed bytes.
 *
 * NumPy writes a zip64 field into every member, however small.
 * @internal
 */
export function checkZipMember(file: ZipFile, member: ZipMember): PackedMember {
  const { bytes, view } = file;
  const { name, flags, isDeflated, offset: at, next } = member;
  const where = ` in member ${showText(name)}`;
  if (at + HEADER_BYTES > next || !hasRecord(file, at, HEADER, HEADER_BYTES)) {
    throw wrongZip(file, `must have the header of a member at ${at}, got other bytes${where}`);
  }
  const nameBegin = at + HEADER_BYTES;
  const nameEnd = nameBegin + view.getUint16(at + 26, true);
  const begin = nameEnd + view.getUint16(at + 28, true);
  const end = begin + member.packedSize;
  if (end > next) {
    const must = 'must have members that follow each other without gap and overlap';
    throw wrongZip(file, `${must}, got ${member.packedSize} bytes from ${begin} to behind ${next}${where}`);
  }
  const encodedName = new TextEncoder().encode(name);
  const isSame =
    view.getUint16(at + 6, true) === flags &&
    view.getUint16(at + 8, true) === (isDeflated ? 8 : 0) &&
    encodedName.length === nameEnd - nameBegin &&
    encodedName.every((byte, i) => byte === bytes[nameBegin + i]);
  const crc = view.getUint32(at + 14, true);
  const { size, packedSize } = withZip64(
    file,
    { size: view.getUint32(at + 22, true), packedSize: view.getUint32(at + 18, true), offset: 0 },
    [nameEnd, begin],
    where,
  );
  const isBehind = (flags & SIZES_BEHIND) !== 0;
  const isBlank = crc === 0 && size === 0 && packedSize === 0;
  const hasSizes = crc === member.crc && size === member.size && packedSize === member.packedSize;
  if (!isSame || !(hasSizes || (isBehind && isBlank))) {
    throw wrongZip(file, `must say the same in its directory and before the data, got two headers that differ${where}`);
  }
  if (isBehind ? !isDescriptor(file, end, member) : end !== next) {
    const what = isBehind
      ? 'another checksum or other sizes behind the data'
      : `${next - end} bytes that belong to none`;
    throw wrongZip(file, `must have members that follow each other without gap and overlap, got ${what}${where}`);
  }
  return { ...member, packed: bytes.subarray(begin, end) };
}

/** Whether the bytes up to the next member repeat checksum and sizes, of 4 or of 8 bytes, with or without a signature. */
function isDescriptor(file: ZipFile, end: number, { crc, packedSize, size, next }: ZipMember): boolean {
  const { view } = file;
  const isSigned = [16, 24].includes(next - end);
  if (!isSigned && ![12, 20].includes(next - end)) return false;
  const at = isSigned ? end + 4 : end;
  const isWide = next - at === 20;
  const [packed, unpacked] = isWide
    ? [uint64(file, at + 4), uint64(file, at + 12)]
    : [view.getUint32(at + 4, true), view.getUint32(at + 8, true)];
  const isMarked = !isSigned || view.getUint32(end, true) === DESCRIPTOR;
  return isMarked && view.getUint32(at, true) === crc && packed === packedSize && unpacked === size;
}
