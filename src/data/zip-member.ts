import { showText } from './file-bytes.ts';
import {
  hasRecord,
  type PackedMember,
  uint64,
  withZip64,
  wrongZip,
  type ZipFile,
  type ZipMember,
} from './zip-fields.ts';

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
