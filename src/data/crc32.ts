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
