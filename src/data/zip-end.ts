import { hasRecord, IN_ZIP64, uint64, wrongZip, type ZipFile } from './zip-fields.ts';

/** Where the central directory of a ZIP archive lies. @internal */
export interface ZipEnd {
  readonly begin: number;
  readonly end: number;
  readonly members: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
const MEMBER_BYTES = 46; // of the directory, without its name

/**
 * Reads the end of a ZIP archive.
 *
 * The end record must be the last 22 bytes, so an archive cannot be read in two ways: one with a comment is refused.
 * @internal
 */
export function readZipEnd(file: ZipFile): ZipEnd {
  const { bytes, view } = file;
  const at = bytes.length - END_BYTES;
  if (!hasRecord(file, at, END, END_BYTES) || view.getUint16(at + 20, true) !== 0) {
    const must = 'must end with the end record of a ZIP archive, without a comment';
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
  if (begin + size !== end || members[1] * MEMBER_BYTES > size) {
    const must = `must have its directory of ${members[1]} members right before its end record, at ${end}`;
    throw wrongZip(file, `${must}, got ${size} bytes at ${begin}`);
  }
  return { begin, end, members: members[1] };
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
