import { describe, expect, it } from 'vitest';
import { binomialQuantile } from '../../src/stats/binomial.ts';
import { compare, complement, exactly, exactTail } from './exact-binomial-tail.ts';
import { uniformStream } from './uniform-stream.ts';

/** Sign of P(Bin(n, p) <= k) − probability, exact to 1e-40. */
function side(k: number, n: number, p: number, probability: number): number {
  if (k < 0) return -1;
  if (k >= n) return 1;
  // P(X <= k) >= probability exactly if P(X > k) <= 1 − probability
  return -compare(exactTail(k + 1, n, { p }), complement(exactly(probability)));
}

describe('binomialQuantile', () => {
  it('gives the exact deductions of certified accuracy: 0.0080 of 500 images, 0.0021 of 10 000', () => {
    expect(binomialQuantile(0.999, 500, 0.001)).toBe(4);
    expect(binomialQuantile(0.999, 10_000, 0.001)).toBe(21);
  });

  it('is the least k whose distribution function reaches the probability: 1000 random points against exact sums', () => {
    const stream = uniformStream(61);
    for (let i = 0; i < 1000; i++) {
      const n = Math.floor(stream.logUniform(1, 3000));
      const p = stream.pick([stream.uniform(0, 1), stream.logUniform(1e-6, 1), 0.5, 0.25, 0.001]);
      const near = stream.logUniform(1e-12, 0.5);
      const probability = stream.pick([near, 1 - near, 0.5, 0.75]);
      const k = binomialQuantile(probability, n, p);
      const at = `${probability}, ${n}, ${p}: ${k}`;
      expect(side(k, n, p, probability), at).toBeGreaterThanOrEqual(0);
      expect(side(k - 1, n, p, probability), at).toBe(-1);
    }
  });

  it('decides ties in integers: P(Bin <= k) = probability gives k', () => {
    expect(binomialQuantile(0.5, 1, 0.5)).toBe(0);
    expect(binomialQuantile(0.75, 2, 0.5)).toBe(1);
    expect(binomialQuantile(0.75 ** 3, 3, 0.25)).toBe(0);
    expect(binomialQuantile(1 - 2 ** -53, 53, 0.5)).toBe(52);
    for (const n of [3, 11, 99, 999]) expect(binomialQuantile(0.5, n, 0.5)).toBe((n - 1) / 2);
    for (const n of [1001, 1_000_001]) expect(binomialQuantile(0.5, n, 0.5)).toBe((n - 1) / 2); // by symmetry
    expect(binomialQuantile(0.5, 1000, 0.5)).toBe(500);
  });

  it('covers the borders and large n', () => {
    expect(binomialQuantile(0.5, 0, 0.3)).toBe(0);
    expect(binomialQuantile(0.999, 100, 0)).toBe(0);
    expect(binomialQuantile(0.001, 100, 1)).toBe(100);
    expect(binomialQuantile(0.5, 1e12, 0.001)).toBe(1e9);
    const spread = Math.sqrt(1e9 * 0.999);
    expect((binomialQuantile(0.999, 1e12, 0.001) - 1e9) / spread).toBeCloseTo(3.0902, 3);
  });
});
