import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKey, foldIn, split } from '../../src/random/key.ts';

const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const index = fc.maxSafeNat();

describe('keys', () => {
  it('are two unsigned 32-bit words', () => {
    fc.assert(
      fc.property(seed, index, (s, i) => {
        const key = createKey(s);
        for (const word of [...key, ...foldIn(key, i), ...split(key).flat()]) expect(word).toBe(word >>> 0);
      }),
    );
  });

  it('createKey holds the whole seed', () => {
    fc.assert(
      fc.property(seed, (s) => {
        const [high, low] = createKey(s);
        expect((BigInt(high) << 32n) + BigInt(low)).toBe(s);
      }),
    );
  });

  it('foldIn with different indices gives different keys', () => {
    fc.assert(
      fc.property(seed, index, index, (s, i, j) => {
        fc.pre(i !== j);
        expect(foldIn(createKey(s), i)).not.toEqual(foldIn(createKey(s), j));
      }),
    );
  });

  it('foldIn tells the largest indices apart, under every key', () => {
    // Once 9007199254740980 and ...981 gave the same child under this key.
    for (const s of [7881385105510367232n, 0n, 2n ** 64n - 1n]) {
      const children = Array.from({ length: 20 }, (_, i) => String(foldIn(createKey(s), Number.MAX_SAFE_INTEGER - i)));
      expect(new Set(children).size).toBe(20);
    }
  });

  it('split gives different keys, none of them a folded one', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 1, max: 50 }), index, (s, n, i) => {
        const children = [...split(createKey(s), n), foldIn(createKey(s), i)].map(String);
        expect(new Set(children).size).toBe(n + 1);
      }),
    );
  });
});
