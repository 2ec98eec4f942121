import { OptionError, showValue } from '../errors.ts';
import type { Key } from '../types.ts';
import { checkKey } from './check-key.ts';
import { FOLD_IN_TAG } from './counters.ts';
import { threefry2x32 } from './threefry2x32.ts';

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
