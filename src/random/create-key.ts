import { OptionError, showValue } from '../errors.ts';
import type { Key } from '../types.ts';

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
