import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepDown, type Correction, type StepDownOptions } from '../../src/index.ts';
import { levelOf } from '../../src/certify/step-down.ts';

/** P(Bin(n, tau) >= k), summed from the small terms on. */
function tail(k: number, n: number, tau: number): number {
  let sum = 0;
  for (let i = n; i >= k; i--) {
    let log = i * Math.log(tau) + (n - i) * Math.log1p(-tau);
    for (let j = 1; j <= i; j++) log += Math.log((n - i + j) / j);
    sum += Math.exp(log);
  }
  return Math.min(1, sum);
}

/** The test as it is written: sorts all p-values. */
function sorted(counts: readonly number[], { n, tau, alpha, correction, allowedErrors = 0 }: StepDownOptions): number {
  const p = counts.map((count) => tail(count, n, tau)).sort((a, b) => a - b);
  const [size, k] = [p.length, allowedErrors + 1];
  const level = (i: number): number => {
    if (correction === 'bonferroni') return alpha / size;
    if (correction === 'holm') return alpha / (size - i + 1);
    return i <= k ? (k * alpha) / size : (k * alpha) / (size + k - i);
  };
  const first = p.findIndex((value, i) => value > level(i + 1));
  return first < 0 ? size : first;
}

describe('stepDown', () => {
  it('finds what sorting all p-values finds', () => {
    const corrections: readonly Correction[] = ['holm', 'bonferroni', 'k-fwer'];
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 20, max: 40 }), { minLength: 1, maxLength: 40 }),
        fc.constantFrom(...corrections),
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom(0.5, 0.6, 0.75),
        (counts, correction, errors, tau) => {
          const allowedErrors = correction === 'k-fwer' ? Math.min(errors, counts.length - 1) : 0;
          const options = { n: 40, tau, alpha: 0.05, correction, allowedErrors };
          const numbers = new Map<number, number>();
          for (const count of counts) numbers.set(count, (numbers.get(count) ?? 0) + 1);
          const { certified, leastCertifiedCount } = stepDown([...numbers], options);
          expect(certified).toBe(sorted(counts, options));
          const least = counts.toSorted((a, b) => b - a)[certified - 1];
          expect(leastCertifiedCount).toBe(least ?? null);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('has levels that do not fall, and of which k allowed errors are Holm with one', () => {
    for (const k of [1, 2, 10]) {
      const at = (i: number): number => levelOf(i, 1000, { alpha: 0.05, correction: 'k-fwer', allowedErrors: k - 1 });
      for (let i = 2; i <= 1000; i++) expect(at(i)).toBeGreaterThanOrEqual(at(i - 1));
      expect(at(1000)).toBeCloseTo(0.05, 12);
    }
    const holm = levelOf(7, 50, { alpha: 0.05, correction: 'holm', allowedErrors: 0 });
    expect(levelOf(7, 50, { alpha: 0.05, correction: 'k-fwer', allowedErrors: 0 })).toBe(holm);
    expect(holm).toBeLessThanOrEqual(0.05 / 44);
  });

  it('certifies nothing of nothing', () => {
    expect(stepDown([], { n: 1, tau: 0.75, alpha: 0.001 })).toEqual({
      certified: 0,
      leastCertifiedCount: null,
      components: 0,
    });
  });
});
