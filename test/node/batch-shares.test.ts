import { describe, expect, it } from 'vitest';
import { averageShares } from '../../src/node/batch-shares.ts';
import { createKey } from '../../src/random/key.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';

const lengths = [5000, 3, 4];

const numbersOf = (seed: number): Float32Array[] =>
  lengths.map((length, i) => {
    const values = new Float32Array(new SharedArrayBuffer(4 * length));
    fillNormals(values, { key: createKey(seed), start: i, dimension: length });
    return values;
  });

describe('averages of shares', () => {
  it.each([[[7]], [[3, 4]], [[2, 2, 3]], [[1, 2, 2, 2]]])(
    'are sums in float64, in the order of the shares, rounded once: %j images',
    (sizes) => {
      const shares = sizes.map((size) => ({ size }));
      const numbers = sizes.map((_, share) => numbersOf(share));
      const results = sizes.map((_, share) => ({ kind: 'share', value: share, has: [true, share === 1] }) as const);
      const start = Float32Array.of(1, -0, 0.5, 2);
      const means = averageShares(shares, results, { numbers, statistics: [start] });
      const weights = sizes.map((size) => size / 7);
      expect(means.value).toBeCloseTo(
        weights.reduce((sum, weight, share) => sum + weight * share, 0),
        12,
      );
      const expected = Float32Array.from({ length: 5000 }, (_, i) =>
        weights.reduce((sum, weight, share) => sum + weight * numbers[share]![0]![i]!, 0),
      );
      expect(means.gradient(0, new Float32Array(5000))).toEqual(expected);
      expect(means.hasGradient(1)).toBe(sizes.length > 1);
      if (sizes.length > 1) {
        const one = Float32Array.from({ length: 3 }, (_, i) => weights[1]! * numbers[1]![1]![i]!);
        expect(means.gradient(1, new Float32Array(3).fill(9)), 'of the one share that has it').toEqual(one);
      }
      const moved = start.map((from, i) =>
        weights.reduce((sum, weight, share) => sum + weight * (numbers[share]![2]![i]! - from), from),
      );
      expect(means.statistic(0)).toEqual(moved);
    },
  );
});
