import { describe, expect, it } from 'vitest';
import { createKey, foldIn, split } from '../../src/random/key.ts';
import { threefry2x32 } from '../../src/random/threefry.ts';

const FOLD_INDICES = [
  0,
  1,
  2,
  1000,
  2 ** 30,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 1,
  2 ** 33,
  2 ** 52,
  Number.MAX_SAFE_INTEGER,
];

describe('createKey', () => {
  it('places the seed in two words, high word first', () => {
    expect(createKey(0)).toEqual([0, 0]);
    expect(createKey(7)).toEqual([0, 7]);
    expect(createKey(2 ** 32 + 5)).toEqual([1, 5]);
    expect(createKey(Number.MAX_SAFE_INTEGER)).toEqual([0x1fffff, 0xffffffff]);
    expect(createKey(2n ** 64n - 1n)).toEqual([0xffffffff, 0xffffffff]);
  });

  it('gives the same key for a number and the equal bigint', () => {
    for (const seed of [0, 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])
      expect(createKey(seed)).toEqual(createKey(BigInt(seed)));
  });
});

describe('keys', () => {
  const keys = () => [createKey(3), createKey(3n), foldIn(createKey(3), 4), ...split(createKey(3), 3)];

  it('are frozen', () => {
    for (const key of keys()) expect(Object.isFrozen(key)).toBe(true);
  });

  it('are equal after a round trip through JSON, and still keys', () => {
    for (const key of keys()) {
      const copy = JSON.parse(JSON.stringify(key)) as typeof key;
      expect(copy).toEqual(key);
      expect(foldIn(copy, 1)).toEqual(foldIn(key, 1));
    }
  });
});

describe('split', () => {
  it('gives two keys unless told otherwise, and a shorter split begins a longer one', () => {
    expect(split(createKey(1))).toEqual(split(createKey(1), 5).slice(0, 2));
  });
});

describe('counters of derived keys', () => {
  const key = createKey(42);

  it('foldIn reads counter word 1 from 2^30 to below 2^31, as documented', () => {
    for (const i of FOLD_INDICES) {
      const counter1 = 2 ** 30 + Math.floor(i / 2 ** 32);
      expect(counter1).toBeLessThan(2 ** 31);
      expect(foldIn(key, i)).toEqual(threefry2x32(key, i % 2 ** 32, counter1));
    }
  });

  it('split reads counter word 1 at 2^31, as documented', () => {
    split(key, 100).forEach((child, c) => expect(child).toEqual(threefry2x32(key, c, 2 ** 31)));
  });

  it('draws, folded keys and split keys never meet', () => {
    const blocks: (readonly [number, number])[] = [];
    for (const sample of [0, 1, 2, 1000, 2 ** 29, 2 ** 30 - 1]) {
      for (let pair = 0; pair < 1000; pair++) blocks.push(threefry2x32(key, pair, sample));
    }
    for (const i of FOLD_INDICES) blocks.push(foldIn(key, i));
    blocks.push(...split(key, 1000));
    expect(new Set(blocks.map((block) => block.join())).size).toBe(blocks.length);
  });
});
