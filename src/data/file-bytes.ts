import { DataError, showValue } from '../errors.ts';
import { showArrayType } from './arrays.ts';

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
  declared: { readonly dtype: string; readonly shape: readonly number[]; readonly bytes: number },
): void {
  if (file.length === declared.bytes) return;
  const what = file.length < declared.bytes ? 'truncated' : 'bytes are left over';
  const must = `must hold the ${declared.bytes} bytes that its header declares (${showArrayType(declared)})`;
  throw wrongBytes(call, `${must}, got ${file.length} (${what})`, file);
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

/** Whether `bytes` begin with the two magic bytes of gzip. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks gzip `bytes`, giving up as soon as more than `maxBytes` have come out. */
function gunzip(call: string, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  return unpack(bytes, 'gzip', maxBytes, {
    tooLong: () => {
      const way = '(raise `maxBytes` if the file is trusted)';
      return wrongBytes(call, `must unpack to at most ${maxBytes} bytes, got more ${way}`, bytes);
    },
    corrupted: () =>
      wrongBytes(call, `must be an intact gzip file, got ${bytes.length} bytes that do not unpack (damaged)`, bytes),
  });
}

/** What {@link unpack} throws. */
interface UnpackErrors {
  /** More than the limit has come out. */
  tooLong(): Error;
  /** The bytes do not unpack. */
  corrupted(): Error;
}

/** Unpacks `bytes`, giving up as soon as more than `limit` have come out. @internal */
export async function unpack(
  bytes: Uint8Array,
  format: 'gzip' | 'deflate-raw',
  limit: number,
  errors: UnpackErrors,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = unpackedStream(bytes, format).getReader();
  for (;;) {
    // What the runtime says of it differs from one to the other.
    const { done, value } = await reader.read().catch(() => {
      throw errors.corrupted();
    });
    if (done) return concatenate(chunks, size);
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw errors.tooLong();
    }
    chunks.push(value);
  }
}

function unpackedStream(bytes: Uint8Array, format: 'gzip' | 'deflate-raw'): ReadableStream<Uint8Array> {
  const packed = new ReadableStream<BufferSource>({
    start(controller) {
      controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  return packed.pipeThrough(new DecompressionStream(format));
}

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

const POLYNOMIAL = 0xedb88320; // of ISO 3309, bits reversed

/** What each byte does to the checksum. */
const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0);
  return rest;
});

/** The checksum CRC-32 of ZIP and gzip, an integer from 0 to 2^32 - 1; `before` is that of the bytes before these. @internal */
export function crc32(bytes: Uint8Array, before = 0): number {
  let rest = ~before;
  for (const byte of bytes) rest = (rest >>> 8) ^ (TABLE[(rest ^ byte) & 0xff] as number);
  return ~rest >>> 0;
}
