import type { DataError } from '../errors.ts';
import { wrongBytes } from './file-bytes.ts';

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

/** Numbers of 4 bytes of a header that an extra field of zip64 may replace, in their order there. @internal */
export interface ZipSizes {
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
