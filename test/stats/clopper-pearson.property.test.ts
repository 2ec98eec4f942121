import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../src/stats/clopper-pearson.ts';

const alpha = fc.double({ min: 1e-300, max: 1 - 2 ** -53, noNaN: true });
const counts = fc
  .integer({ min: 1, max: 100_000 })
  .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));

/** The next larger double, for a positive one below 1. */
function nextUp(x: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  bits.setBigUint64(0, bits.getBigUint64(0) + 1n);
  return bits.getFloat64(0);
}

describe('clopperPearsonLowerBound, laws', () => {
  it('is a pair of probabilities that never claims too much', () => {
    fc.assert(
      fc.property(counts, alpha, ([k, n], a) => {
        const { p, q } = clopperPearsonLowerBound(k, n, a);
        expect(p >= 0 && p < 1 && q > 0 && q <= 1).toBe(true);
        expect(Math.abs(p + q - 1)).toBeLessThan(1e-15);
        if (a <= 0.5) expect(p).toBeLessThanOrEqual(k / n);
      }),
    );
  });

  it('grows with k, strictly where p does not underflow', () => {
    fc.assert(
      fc.property(counts, alpha, ([k, n], a) => {
        fc.pre(k < n);
        const low = clopperPearsonLowerBound(k, n, a);
        const high = clopperPearsonLowerBound(k + 1, n, a);
        expect(high.p >= low.p && high.q <= low.q).toBe(true);
        expect(high.p > low.p).toBe(high.p > 0);
      }),
    );
  });

  it('never falls when alpha grows, not even from one double to the next', () => {
    fc.assert(
      fc.property(counts, alpha, alpha, ([k, n], a, b) => {
        for (const [less, more] of [
          [Math.min(a, b), Math.max(a, b)],
          [a, nextUp(a)],
          [a, Math.min(a * (1 + 1e-12), 1 - 2 ** -53)],
        ] as const) {
          if (more >= 1) continue;
          const low = clopperPearsonLowerBound(k, n, less);
          const high = clopperPearsonLowerBound(k, n, more);
          expect(high.p >= low.p && high.q <= low.q).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never falls across alpha = 1/2, where the other tail takes over', () => {
    for (const n of [1, 2, 10, 1000, 100_000, 1e7]) {
      for (const k of [1, Math.ceil(n / 3), Math.ceil(n / 2), n]) {
        let last = 0;
        for (const step of [-1e-9, -1e-11, -1e-13, -1e-16, 0, 2.3e-16, 1e-13, 1e-11, 1e-9]) {
          const { p } = clopperPearsonLowerBound(k, n, 0.5 + step);
          expect(p).toBeGreaterThanOrEqual(last);
          last = p;
        }
      }
    }
  });

  it('falls when trials without a success are added', () => {
    fc.assert(
      fc.property(counts, alpha, ([k, n], a) => {
        const { p } = clopperPearsonLowerBound(k, n, a);
        expect(clopperPearsonLowerBound(k, n + 1, a).p).toBeLessThanOrEqual(p);
      }),
    );
  });
});

describe('clopperPearsonUpperBound, laws', () => {
  it('mirrors the lower bound and lies above it', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 1e-300, max: 0.5, noNaN: true }), ([k, n], a) => {
        const upper = clopperPearsonUpperBound(k, n, a);
        const mirrored = clopperPearsonLowerBound(n - k, n, a);
        expect(upper).toEqual({ p: mirrored.q, q: mirrored.p });
        expect(upper.p).toBeGreaterThanOrEqual(k / n);
        expect(upper.p).toBeGreaterThanOrEqual(clopperPearsonLowerBound(k, n, a).p);
      }),
    );
  });
});
