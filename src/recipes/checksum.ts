import { crc32 } from '../data/crc32.ts';
import type { NpyArray } from '../data/npy-types.ts';

/**
 * CRC-32 of tensors and texts, in the order of their names: it finds every change of up to 32 neighbouring bits.
 * @internal
 */
export function checksumOf(tensors: ReadonlyMap<string, NpyArray>, texts: ReadonlyMap<string, string>): string {
  let crc = 0;
  const add = (bytes: Uint8Array): void => {
    crc = crc32(bytes, crc);
  };
  const encoder = new TextEncoder();
  for (const [name, text] of sorted(texts)) add(encoder.encode(JSON.stringify([name, text])));
  for (const [name, { dtype, shape, data }] of sorted(tensors)) {
    add(encoder.encode(JSON.stringify([name, dtype, shape])));
    add(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return crc.toString(16).padStart(8, '0');
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
