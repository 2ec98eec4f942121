import { wrongBytes } from './file-bytes.ts';
import { unpack } from './unpack.ts';

/** Whether `bytes` begin with the two magic bytes of gzip. @internal */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks gzip `bytes`, giving up as soon as more than `maxBytes` have come out. @internal */
export function gunzip(call: string, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  return unpack(bytes, 'gzip', maxBytes, {
    tooLong: () => {
      const way = '(raise `maxBytes` if the file is trusted)';
      return wrongBytes(call, `must unpack to at most ${maxBytes} bytes, got more ${way}`, bytes);
    },
    corrupted: (reason) =>
      wrongBytes(call, `must be an intact gzip file, got ${bytes.length} bytes that do not unpack: ${reason}`, bytes),
  });
}
