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
