import { OptionError, showValue } from '../errors.ts';
import type { Key } from '../types.ts';

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
