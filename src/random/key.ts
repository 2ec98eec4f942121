import { OptionError, refusal } from '../errors.ts';
import type { Key } from '../types.ts';
import { FOLD_IN_TAG, SPLIT_TAG, threefry2x32 } from './threefry.ts';

/**
 * Makes a random key from a seed.
 *
 * The key is the seed itself as two words, [floor(seed / 2^32), seed mod 2^32], so different seeds give different keys. It is an
 * immutable JSON value.
 *
 * @param seed - An integer from 0 to 2^53 - 1, or a bigint from 0n to 2^64 - 1.
 * @throws OptionError when the seed is anything else.
 *
 * @example
 * ```ts
 * const key = createKey(0);
 * ```
 */
export function createKey(seed: number | bigint): Key {
  if (typeof seed === 'bigint' && seed >= 0n && seed < 1n << 64n) {
    return Object.freeze([Number(seed >> 32n), Number(seed & 0xffffffffn)] as const);
  }
  if (Number.isSafeInteger(seed) && seed >= 0) {
    return Object.freeze([Math.floor(Number(seed) / 2 ** 32), Number(seed) >>> 0] as const);
  }
  const must = 'must be an integer from 0 to 2^53 - 1 or a bigint from 0n to 2^64 - 1';
  throw refusal(OptionError, { call: 'createKey', field: 'seed', value: seed }, must);
}

/**
 * `n` keys: a tuple for a literal `n` up to 32, else a list.
 *
 * @template Keys - those counted so far
 */
export type KeyTuple<N extends number, Keys extends Key[] = []> = N extends unknown
  ? number extends N
    ? Key[]
    : Keys['length'] extends N
      ? Keys
      : Keys['length'] extends 32
        ? Key[]
        : KeyTuple<N, [...Keys, Key]>
  : never;

/**
 * Derives `n` different keys from one, for example one for each part of a computation.
 *
 * Child c is the Threefry block at counter (c, 2^31), whatever `n` is: `split(key, 2)` begins `split(key, 5)`. It is never a block of
 * the key's own draws or of `foldIn`.
 *
 * @param key - The parent. It may still be used for its own draws.
 * @param n - How many keys, an integer from 1 to 2^32 - 1; 2 by default.
 * @returns A tuple where `n` is a number in the code.
 * @throws OptionError when `key` is not a key or `n` is out of range.
 *
 * @example
 * ```ts
 * const [noiseKey, mixKey] = split(key);
 * const [orderKey, stepKey, testKey] = split(key, 3);
 * ```
 */
export function split<N extends number = 2>(key: Key, n: N = 2 as N): KeyTuple<N> {
  checkKey('split', key);
  if (!Number.isInteger(n) || n < 1 || n >= 2 ** 32) {
    throw refusal(OptionError, { call: 'split', field: 'n', value: n }, 'must be an integer from 1 to 2^32 - 1');
  }
  const keys = Array.from({ length: n }, (_, child) => Object.freeze(threefry2x32(key, child, SPLIT_TAG)));
  return keys as Key[] as KeyTuple<N>;
}

/**
 * Derives the i-th child of a key, for example the key of the i-th image or of the i-th training step.
 *
 * Different i always give different keys. The child is the Threefry block at counter (i mod 2^32, 2^30 + floor(i / 2^32)), which is
 * never a block of the key's own draws or of `split`.
 *
 * @param key - The parent. It may still be used for its own draws.
 * @param i - An integer from 0 to 2^53 - 1.
 * @throws OptionError when `key` is not a key or `i` is out of range.
 *
 * @example
 * ```ts
 * const imageKey = foldIn(createKey(0), imageIndex);
 * ```
 */
export function foldIn(key: Key, i: number): Key {
  checkKey('foldIn', key);
  if (!Number.isSafeInteger(i) || i < 0) {
    throw refusal(OptionError, { call: 'foldIn', field: 'i', value: i }, 'must be an integer from 0 to 2^53 - 1');
  }
  return Object.freeze(threefry2x32(key, i, FOLD_IN_TAG + Math.floor(i / 2 ** 32)));
}

/** Throws unless `key` is a pair of unsigned 32-bit words. @internal */
export function checkKey(call: string, key: unknown): asserts key is Key {
  if (Array.isArray(key) && key.length === 2 && key.every(isWord)) return;
  throw refusal(OptionError, { call, field: 'key', value: key }, 'must be a key (createKey(seed) makes one)');
}

function isWord(value: unknown): boolean {
  return typeof value === 'number' && value >>> 0 === value;
}
