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

/**
 * Who uses which Threefry counters under one key.
 *
 * The top two bits of counter word 1 say what a block is for, so that a derived key is never one of the key's own draws:
 *
 * | top bits | use                | counter word 0     | other 30 bits of counter word 1       |
 * |----------|--------------------|--------------------|---------------------------------------|
 * | 00       | draws              | pair index j >> 1  | sample index s                        |
 * | 01       | foldIn(key, i)     | i modulo 2^32      | floor(i / 2^32), 21 bits as i < 2^53  |
 * | 10       | split(key, n)      | index of the child | 0                                     |
 * | 11       | low words of draws | pair index j >> 1  | sample index s                        |
 *
 * Threefry is a bijection of counters, so under one key different i, and different children, always give different keys. A draw of more than
 * 32 bits for each coordinate takes its high word from tag 00 and its low word from tag 11.
 */

/** Sample indices of draws are below this: 2^30. @internal */
export const SAMPLE_LIMIT: number = 2 ** 30;

/** Coordinates of a sample are at most this many, so that a pair index fits counter word 0. @internal */
export const DIMENSION_LIMIT: number = 2 ** 32;

/** Tag of `foldIn` in counter word 1. @internal */
export const FOLD_IN_TAG: number = 0x40000000;

/** Tag of `split` in counter word 1. @internal */
export const SPLIT_TAG: number = 0x80000000;

/** Tag of the low words of 64-bit draws in counter word 1. @internal */
export const LOW_WORD_TAG: number = 0xc0000000;
