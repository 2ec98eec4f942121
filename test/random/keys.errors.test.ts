import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { createKey, foldIn, split } from '../../src/random/key.ts';

/** The error that a call throws, or the test fails. */
function errorOf(call: () => unknown): OptionError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return error as OptionError;
  }
  throw new Error('did not throw');
}

describe('errors of keys', () => {
  it.each([
    [-1, '-1'],
    [1.5, '1.5'],
    [2 ** 53, '9007199254740992'],
    [NaN, 'NaN'],
    [-1n, '-1n'],
    [2n ** 64n, '18446744073709551616n'],
    ['7', '"7"'],
    [undefined, 'undefined'],
  ])('createKey(%s)', (seed, shown) => {
    const error = errorOf(() => createKey(seed as number));
    expect(error.message).toBe(
      `createKey: \`seed\` must be an integer from 0 to 2^53 - 1 or a bigint from 0n to 2^64 - 1, got ${shown}`,
    );
    expect(error).toMatchObject({ call: 'createKey', field: 'seed', value: seed });
  });

  it.each([-1, 0.5, 2 ** 53, Infinity])('foldIn index %s', (i) => {
    expect(errorOf(() => foldIn(createKey(0), i)).message).toBe(
      `foldIn: \`i\` must be an integer from 0 to 2^53 - 1, got ${i}`,
    );
  });

  it.each([0, -1, 1.5, 2 ** 32])('split into %s', (n) => {
    expect(errorOf(() => split(createKey(0), n)).message).toBe(
      `split: \`n\` must be an integer from 1 to 2^32 - 1, got ${n}`,
    );
  });

  it.each([
    [0, '0'],
    [undefined, 'undefined'],
    [[1], '[1]'],
    [[1, 2, 3], '[1, 2, 3]'],
    [[1, -1], '[1, -1]'],
    [[1.5, 0], '[1.5, 0]'],
    [[0, 2 ** 32], '[0, 4294967296]'],
  ])('key %j', (key, shown) => {
    const text = `\`key\` must be a key (createKey(seed) makes one), got ${shown}`;
    expect(errorOf(() => foldIn(key as never, 0)).message).toBe(`foldIn: ${text}`);
    expect(errorOf(() => split(key as never)).message).toBe(`split: ${text}`);
  });
});
