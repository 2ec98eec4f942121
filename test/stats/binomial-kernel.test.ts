import { describe, expect, it } from 'vitest';
import { binomialKernel } from '../../src/stats/binomial-kernel.ts';
import { binomialQuantile } from '../../src/stats/binomial.ts';

/** P(Bin(m, k/2^bits) = i) · 2^(bits · m), in integers. */
function exactLaw(m: number, k: bigint, bits: bigint): bigint[] {
  let choose = 1n;
  return Array.from({ length: m + 1 }, (_, i) => {
    if (i > 0) choose = (choose * BigInt(m - i + 1)) / BigInt(i);
    return choose * k ** BigInt(i) * ((1n << bits) - k) ** BigInt(m - i);
  });
}

/** A quotient of integers in [0, 1]. */
const share = (a: bigint, b: bigint): number => Number((a << 1000n) / b) / 2 ** 1000;

describe('binomialKernel', () => {
  it.each([
    [1, 3, 2],
    [10, 3, 2],
    [20, 13, 4],
    [100, 1000, 10],
    [100, 1023, 10],
    [400, 1, 1],
    [512, 900, 10],
  ])('of %i trials at %i/2^%i is the law to its error bound', (m, k, bits) => {
    const p = k / 2 ** bits;
    const { first, values, atLeast, leftOut, error } = binomialKernel(m, { p, q: 1 - p });
    expect([first, values.length, leftOut]).toEqual([0, m + 1, 0]);
    expect(error).toBeLessThan(1e-12);
    const exact = exactLaw(m, BigInt(k), BigInt(bits));
    const total = 1n << BigInt(bits * m);
    let sum = 0n;
    for (let i = m; i >= 0; i--) {
      sum += exact[i]!;
      const [one, rest] = [share(exact[i]!, total), share(sum, total)];
      if (one < 1e-250) continue; // the share has no digits left there
      expect(Math.abs(values[i]! / one - 1)).toBeLessThanOrEqual(error);
      expect(Math.abs(atLeast[i]! / rest - 1)).toBeLessThanOrEqual(error);
    }
    expect(atLeast[m + 1]).toBe(0);
  });

  it('leaves out less than it says where there are many trials', () => {
    const m = 100_000;
    const { first, values, leftOut } = binomialKernel(m, { p: 0.75, q: 0.25 });
    expect(values.length).toBeLessThan(4000);
    expect(leftOut).toBeGreaterThan(0);
    expect(leftOut).toBeLessThan(1e-20);
    // What is left out is beyond quantiles of 1e-20.
    expect(first).toBeLessThan(binomialQuantile(1e-20, m, 0.75));
    expect(m - first - values.length + 1).toBeLessThan(binomialQuantile(1e-20, m, 0.25));
  });
});
