import { describe, expect, it } from 'vitest';
import { halfRadius, normalPair } from '../../src/random/normal-pair.ts';
import { threefry2x32 } from '../../src/random/threefry.ts';
import { exactNormalPair, slowNormalPair } from './twins.ts';

// The bounds that the doc comment of normalPair states.
const ABSOLUTE = 1.13e-6;
const RELATIVE = 3.92e-7;

/** Words at and beside powers of two, their complements, and the octant borders of the angle. */
function edgeWords(): number[] {
  const words = new Set<number>();
  for (let bit = 0; bit <= 32; bit++) {
    const centres = [2 ** bit, -(2 ** bit), 1.5 * 2 ** bit, 2 ** bit - 2 ** Math.max(0, bit - 25)];
    for (const centre of centres) for (const step of [-2, -1, 0, 1, 2]) words.add((centre + step) >>> 0);
  }
  for (let octant = 0; octant < 8; octant++)
    for (const step of [-256, -1, 0, 1, 256]) words.add((octant * 2 ** 29 + step) >>> 0);
  return [...words];
}

/** Largest absolute and relative error over some blocks. */
function largestErrors(blocks: Iterable<readonly [number, number]>): { absolute: number; relative: number } {
  let absolute = 0;
  let relative = 0;
  for (const [word0, word1] of blocks) {
    const got = normalPair(word0, word1);
    const exact = exactNormalPair(word0, word1);
    for (const k of [0, 1] as const) {
      const error = Math.abs(got[k] - exact[k]);
      absolute = Math.max(absolute, error);
      if (exact[k] !== 0) relative = Math.max(relative, error / Math.abs(exact[k]));
    }
  }
  return { absolute, relative };
}

function* randomBlocks(count: number): Generator<[number, number]> {
  for (let i = 0; i < count; i++) yield threefry2x32([11, 12], i, 0);
}

/** Blocks with u₁ or 1 - u₁ as small as 2^-32, evenly in the logarithm. */
function* extremeBlocks(count: number): Generator<[number, number]> {
  for (let i = 0; i < count; i++) {
    const [word0, word1] = threefry2x32([11, 13], i, 0);
    yield [word0 >>> (i % 32), word1];
    yield [-(word0 >>> (i % 32)) >>> 0, word1];
  }
}

function* edgeBlocks(): Generator<[number, number]> {
  const words = edgeWords();
  for (const word0 of words) for (const word1 of words) yield [word0, word1];
}

describe('normalPair', () => {
  it.each([
    ['random blocks', () => randomBlocks(300_000)],
    ['extreme radii', () => extremeBlocks(100_000)],
    ['edge cases', edgeBlocks],
  ])('is within the stated error of exact Box-Muller: %s', (_, blocks) => {
    const { absolute, relative } = largestErrors(blocks());
    expect(absolute).toBeLessThanOrEqual(ABSOLUTE);
    expect(relative).toBeLessThanOrEqual(RELATIVE);
  });

  it('is equal to its slow twin on all edge cases, bit for bit', () => {
    const same = (a: [number, number], b: [number, number]) => Object.is(a[0], b[0]) && Object.is(a[1], b[1]);
    expect([...edgeBlocks()].filter((block) => !same(normalPair(...block), slowNormalPair(...block)))).toEqual([]);
  });

  it('reaches 6.6604 and no further', () => {
    expect(normalPair(0, 0)).toEqual([Math.fround(Math.sqrt(64 * Math.LN2)), 0]);
    expect(2 * halfRadius(1)).toBe(2 * halfRadius(0));
    for (const word0 of edgeWords()) expect(halfRadius(word0)).toBeLessThanOrEqual(halfRadius(0));
  });

  it('has the radius of u₁ just below 1 in full relative accuracy, and never radius 0', () => {
    expect(normalPair(0xffffffff, 0)[0]).toBeCloseTo(2 ** -15.5, 12);
    for (const word0 of edgeWords()) expect(halfRadius(word0)).toBeGreaterThan(0);
  });

  it('is symmetric: half a turn changes both signs, a quarter turn exchanges the pair', () => {
    for (const [word0, word1] of randomBlocks(1000)) {
      const [even, odd] = normalPair(word0, word1);
      expect(normalPair(word0, (word1 + 2 ** 31) >>> 0)).toEqual([-even, -odd]);
      expect(normalPair(word0, (word1 + 2 ** 30) >>> 0)).toEqual([-odd, even]);
    }
  });
});

describe('leading zeros without counting them, as the comment of halfRadius tells SIMD', () => {
  it('158 less the exponent field of float32(a & ~(a >> 1)) is clz32(a)', () => {
    const float = new Float32Array(1);
    const bits = new Int32Array(float.buffer);
    for (const word of edgeWords()) {
      const a = (word | 1) & 0x7fffffff;
      float[0] = a & ~(a >> 1);
      expect(158 - (bits[0]! >>> 23)).toBe(Math.clz32(a));
    }
  });
});
