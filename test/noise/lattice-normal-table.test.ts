import { describe, expect, it } from 'vitest';
import { latticeNormalTable, latticeNormalWidths } from '../../src/noise/lattice-normals.ts';
import { BITS, ERROR, exactTail, fractionOf } from './exact-normal-tail.ts';

const Q = 1n << 64n;

/** 2^BITS times 1 − Φ((2i+1) / (510 sigma)): what lies beyond the upper edge of bin i. */
function tail(sigma: number, i: number): bigint {
  const [numerator, denominator] = fractionOf(sigma);
  const [a, b] = [BigInt(2 * i + 1) * denominator, 510n * numerator];
  return a > 17n * b ? 0n : exactTail(a, b); // beyond 17: below 2^-210, covered by ERROR
}

/** 2^BITS times P(round(255 ε) = i) for 0 <= i <= reach; the last one with the whole tail. */
function masses(sigma: number, reach: number): bigint[] {
  const tails = Array.from({ length: reach }, (_, i) => tail(sigma, i));
  return Array.from({ length: reach + 1 }, (_, i) => {
    if (i === 0) return (1n << BITS) - 2n * tails[0]!;
    return i === reach ? tails[i - 1]! : tails[i - 1]! - tails[i]!;
  });
}

// 0.1 is not a tenth as a double; the last is odd in every way.
const cases = [
  [0.12, 1],
  [0.25, 1],
  [0.5, 3],
  [1, 6],
  [0.1, 0],
  [Math.PI / 7, 2],
] as const;

describe.each(cases)('the table for sigma = %d, clip = %d', (sigma, clip) => {
  const reach = 255 * (clip + 1);
  const widths = latticeNormalWidths(sigma, reach);
  const both = [...widths.slice(1).reverse(), ...widths];
  const exact = masses(sigma, reach);

  it('gives no number more than its probability, and at most 1.001 units of 2^-64 less', () => {
    const unit = 1n << (BITS - 64n);
    expect(widths).toHaveLength(exact.length);
    widths.forEach((width, i) => {
      const short = exact[i]! - (width << (BITS - 64n));
      expect(short >= -2n * ERROR, `number ${i}: above its probability`).toBe(true);
      expect(short < unit + unit / 1000n, `number ${i}: too narrow`).toBe(true);
    });
  });

  it('fails a coordinate with probability at most (510 (clip + 1) + 1) / 2^64: a 3072-pixel image below 1e-12', () => {
    const failure = Q - both.reduce((sum, width) => sum + width);
    expect(failure).toBeGreaterThan(0n);
    expect(failure).toBeLessThanOrEqual(BigInt(2 * reach + 1));
    expect((3072 * Number(failure)) / 2 ** 64).toBeLessThan(1e-12);
  });

  it('has these widths between its thresholds, from -reach to reach, and mean exactly 0', () => {
    const { high, low, reach: stated } = latticeNormalTable(sigma, reach);
    expect(stated).toBe(reach);
    const thresholds = Array.from(high, (word, bin) => (BigInt(word) << 32n) + BigInt(low[bin]!));
    const between = thresholds.map((threshold, bin) => threshold - (thresholds[bin - 1] ?? 0n));
    expect(between).toEqual(both);
    expect(between.reduce((sum, width, bin) => sum + width * BigInt(bin - reach), 0n)).toBe(0n);
  });

  it('has in its guide how many thresholds lie below each cell', () => {
    const { high, guide } = latticeNormalTable(sigma, reach);
    expect(guide).toHaveLength(2 ** 14 + 1);
    for (let cell = 0; cell <= 2 ** 14; cell += 7) {
      expect(guide[cell]).toBe(high.filter((word) => word < cell * 2 ** 18).length);
    }
    expect(guide[2 ** 14]).toBe(high.length);
  });
});

describe('extreme sigmas', () => {
  it('a tiny one draws 0 only, a huge one the two ends only, a large one fits the guide', () => {
    for (const sigma of [5e-324, 1e-300, 1e-5]) {
      expect(latticeNormalWidths(sigma, 510)).toEqual([Q - 1n, ...new Array<bigint>(510).fill(0n)]);
    }
    const huge = latticeNormalWidths(1e308, 510);
    expect(huge[510]).toBe(Q / 2n - 1n);
    expect(huge.slice(0, 510).every((width) => width === 0n)).toBe(true);
    const { guide } = latticeNormalTable(1e6, 255 * 101);
    expect(guide[2 ** 14]).toBe(510 * 101 + 1);
  });
});
