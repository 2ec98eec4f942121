import { DataError, showValue } from '../errors.ts';
import { gunzip, isGzip } from './gunzip.ts';

const MAX_SHOWN = 80;

/**
 * Decodes the bytes of a file, unpacked where they begin with the magic number of gzip.
 *
 * Plain bytes are decoded at once, packed ones copied at once: the bytes are the host's, and its next turn may change them.
 * @internal
 */
export async function decodeFile<T>(
  call: string,
  bytes: unknown,
  maxBytes: number,
  decode: (file: Uint8Array) => T,
): Promise<T> {
  const file = asBytes(call, bytes);
  return decode(isGzip(file) ? await gunzip(call, new Uint8Array(file), maxBytes) : file);
}

/** An error about the content of a file; `must` says what must hold, what was got and the way out. @internal */
export function wrongBytes(call: string, must: string, value: unknown): DataError {
  return new DataError(`\`bytes\` ${must}`, { call, field: 'bytes', value });
}

/** Throws unless the file has exactly the size that its header declares. @internal */
export function assertDeclaredSize(
  call: string,
  file: Uint8Array,
  declared: { readonly bytes: number; readonly dtype: string; readonly shape: readonly number[] },
): void {
  if (file.length === declared.bytes) return;
  const what = file.length < declared.bytes ? 'truncated' : 'bytes are left over';
  const must =
    `must hold the ${declared.bytes} bytes that its header declares ` +
    `(${declared.dtype} of shape [${declared.shape.join(', ')}]), got ${file.length} (${what})`;
  throw wrongBytes(call, must, file);
}

/** One byte as two hexadecimal digits. @internal */
export function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** A text out of a file for an error: in quotes, cut where it is long. @internal */
export function showText(text: string): string {
  return showValue(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}

/** The bytes of a file, whichever way they were given. @internal */
export function asBytes(call: string, bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw wrongBytes(call, `must be a Uint8Array or an ArrayBuffer, got ${showValue(bytes)}`, bytes);
}
