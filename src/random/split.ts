import { OptionError, showValue } from '../errors.ts';
import type { Key } from '../types.ts';
import { checkKey } from './check-key.ts';
import { SPLIT_TAG } from './counters.ts';
import { threefry2x32 } from './threefry2x32.ts';

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
