import { OptionError, showValue } from '../errors.ts';
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
  throw new OptionError(
    `\`seed\` must be an integer from 0 to 2^53 - 1 or a bigint from 0n to 2^64 - 1, got ${showValue(seed)}`,
    {
      call: 'createKey',
      field: 'seed',
      value: seed,
    },
  );
}

/** Throws unless `key` is a pair of unsigned 32-bit words. @internal */
export function checkKey(call: string, key: unknown): asserts key is Key {
  if (Array.isArray(key) && key.length === 2 && key.every(isWord)) return;
  throw new OptionError(`\`key\` must be a key (createKey(seed) makes one), got ${showValue(key)}`, {
    call,
    field: 'key',
    value: key,
  });
}

function isWord(value: unknown): boolean {
  return typeof value === 'number' && value >>> 0 === value;
}

/**
 * Derives two different keys from one, for example for two parts of a computation.
 *
 * Child c is the Threefry block at counter (c, 2^31), never one of the key's own draws or of `foldIn`.
 *
 * @param key - The parent. It may still be used for its own draws.
 * @throws OptionError when `key` is not a key.
 *
 * @example
 * ```ts
 * const [noiseKey, mixKey] = split(key);
 * ```
 */
export function split(key: Key): [Key, Key];
/**
 * Derives `n` different keys from one, for example one for each part of a computation.
 *
 * Child c is the Threefry block at counter (c, 2^31), whatever `n` is: `split(key, 2)` begins `split(key, 5)`. It is never a block of
 * the key's own draws or of `foldIn`.
 *
 * @param key - The parent. It may still be used for its own draws.
 * @param n - How many keys, an integer from 1 to 2^32 - 1.
 * @throws OptionError when `key` is not a key or `n` is out of range.
 *
 * @example
 * ```ts
 * const layerKeys = split(key, 5);
 * ```
 */
export function split(key: Key, n: number): Key[];
export function split(key: Key, n = 2): Key[] {
  checkKey('split', key);
  if (!Number.isInteger(n) || n < 1 || n >= 2 ** 32) {
    throw new OptionError(`\`n\` must be an integer from 1 to 2^32 - 1, got ${showValue(n)}`, {
      call: 'split',
      field: 'n',
      value: n,
    });
  }
  return Array.from({ length: n }, (_, child) => Object.freeze(threefry2x32(key, child, SPLIT_TAG)));
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
    throw new OptionError(`\`i\` must be an integer from 0 to 2^53 - 1, got ${showValue(i)}`, {
      call: 'foldIn',
      field: 'i',
      value: i,
    });
  }
  return Object.freeze(threefry2x32(key, i, FOLD_IN_TAG + Math.floor(i / 2 ** 32)));
}
