import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { angular, chebyshev, distanceOf, euclidean, hamming, jaccard, manhattan, type OutputDistance } from 'catrs';

const of = (...values: number[]): Float32Array => Float32Array.from(values);

describe('the shipped distances', () => {
  it('are those of their names', () => {
    const [a, b] = [of(3, 0, -1), of(0, 4, -1)];
    expect(euclidean.between(a, b)).toBe(5);
    expect(manhattan.between(a, b)).toBe(7);
    expect(chebyshev.between(a, b)).toBe(4);
    expect(hamming.between(a, b)).toBe(2);
    expect(angular.between(of(2, 0), of(0, 5))).toBeCloseTo(Math.PI / 2, 15);
    expect(jaccard.between(of(1, 1, 0, 0), of(0, 1, 1, 0))).toBeCloseTo(2 / 3, 15);
    expect(jaccard.between(of(0, 0), of(0, 0))).toBe(0);
    expect(distanceOf('jaccard')).toBe(jaccard);
    expect(distanceOf('cosine')).toBeUndefined();
  });

  it('have an angle where rounding takes a cosine above 1, unlike the reference code', () => {
    let above = 0;
    for (let i = 1; i < 300; i++) {
      const a = of(Math.fround(0.1 * i), Math.fround(0.7 / i), Math.fround(i / 3));
      const b = a.map((value) => value * 4); // parallel, and exactly so
      const dot = a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0);
      const lengths = [a, b].map((v) => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0)));
      above += Number.isNaN(Math.acos(dot / ((lengths[0] ?? 1) * (lengths[1] ?? 1)))) ? 1 : 0;
      expect(angular.between(a, b)).toBeLessThan(1e-7);
    }
    expect(above, 'cosines above 1 in these cases').toBeGreaterThan(0);
    expect(angular.between(of(1, 2), of(-1, -2))).toBeCloseTo(Math.PI, 7);
  });

  it('take an output of zeros for one without a direction', () => {
    expect(angular.between(of(0, 0), of(1, 2))).toBe(Math.PI / 2);
    expect(angular.between(of(0, 0), of(0, 0))).toBe(0);
  });

  const all: readonly OutputDistance[] = [euclidean, manhattan, chebyshev, angular, hamming, jaccard];
  const values = fc.array(fc.oneof(fc.constantFrom(0, 1, -1, 2), fc.float({ noNaN: true, min: -1e6, max: 1e6 })), {
    ...{ minLength: 4, maxLength: 4 },
  });
  it.each(all)('$name is symmetric, 0 between equals, and never longer than a way round', ({ between, name }) => {
    fc.assert(
      fc.property(values, values, values, (p, q, r) => {
        const [a, b, c] = [of(...p), of(...q), of(...r)];
        const direct = between(a, b);
        expect(direct).toBeGreaterThanOrEqual(0);
        expect(between(b, a)).toBe(direct);
        expect(between(a, a.slice())).toBe(0);
        // Roundings: acos takes those of a cosine near 1 to their root.
        const slack = name === 'angular' ? 1e-7 : 1e-12 * (1 + direct);
        expect(direct).toBeLessThanOrEqual(between(a, c) + between(c, b) + slack);
      }),
      { numRuns: 300, seed: 41 },
    );
  });
});
