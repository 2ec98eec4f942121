import type { Key } from '../types.ts';

/** Parity constant of Threefry with 32-bit words (Salmon et al. 2011, section 2.2; Skein's key schedule). @internal */
export const THREEFRY_PARITY: number = 0x1bd11bda;

/** Rotation counts of Threefry-2x32: rounds 1 to 4 use the first four, rounds 5 to 8 the last four, and so on. */
const ROTATIONS: readonly (readonly [number, number, number, number])[] = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

/**
 * Threefry-2x32 with 20 rounds: a keyed bijection of 64-bit blocks, here on pairs of 32-bit words.
 *
 * The plain form, for single blocks; `fillBits` has the same rounds written out for speed. For a fixed key, different counters give
 * different blocks.
 *
 * @param key - The two key words.
 * @param counter0 - First counter word, taken modulo 2^32.
 * @param counter1 - Second counter word, taken modulo 2^32.
 * @returns The two words of the block, unsigned 32-bit.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), section 4; library Random123.
 */
export function threefry2x32(key: Key, counter0: number, counter1: number): [number, number] {
  const schedule = [key[0], key[1], key[0] ^ key[1] ^ THREEFRY_PARITY] as const;
  // Reduced before the sum: beyond 2^53 it would round, and neighbouring counters could give one block.
  let x0 = ((counter0 | 0) + schedule[0]) | 0;
  let x1 = ((counter1 | 0) + schedule[1]) | 0;
  for (let group = 1; group <= 5; group++) {
    for (const count of ROTATIONS[(group - 1) % 2]!) {
      x0 = (x0 + x1) | 0;
      x1 = x0 ^ ((x1 << count) | (x1 >>> (32 - count)));
    }
    x0 = (x0 + schedule[group % 3]!) | 0;
    x1 = (x1 + schedule[(group + 1) % 3]! + group) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}
