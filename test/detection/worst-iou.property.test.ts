import { type Box, boxIou, worstIou } from 'catrs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const side = fc.integer({ min: 0, max: 12 });
const interval = fc.tuple(side, side).map(([a, b]) => ({ lower: Math.min(a, b), upper: Math.max(a, b) }));
const bounds = fc.tuple(interval, interval, interval, interval);
const box = fc
  .tuple(side, side, side, side)
  .map(([a, b, c, d]): Box => [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)]);

/** Shares of points, the slow and obvious twin of areas: boxes with whole corners are unions of unit squares. */
function iouOfSquares(a: Box, b: Box): number {
  const has = ([x1, y1, x2, y2]: Box, x: number, y: number): boolean => x >= x1 && x < x2 && y >= y1 && y < y2;
  let [both, any] = [0, 0];
  for (let x = 0; x < 12; x++) {
    for (let y = 0; y < 12; y++) {
      const [inA, inB] = [has(a, x, y), has(b, x, y)];
      both += inA && inB ? 1 : 0;
      any += inA || inB ? 1 : 0;
    }
  }
  return any === 0 ? 0 : both / any;
}

describe('boxIou', () => {
  it('is the share of unit squares that both boxes have', () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        expect(boxIou(a, b)).toBeCloseTo(iouOfSquares(a, b), 12);
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

describe('worstIou', () => {
  it('is the least over all whole points within the bounds', () => {
    fc.assert(
      fc.property(bounds, box, (within, truth) => {
        let least = 1;
        const [a, b, c, d] = within;
        for (let x1 = a.lower; x1 <= a.upper; x1++)
          for (let y1 = b.lower; y1 <= b.upper; y1++)
            for (let x2 = c.lower; x2 <= c.upper; x2++)
              for (let y2 = d.lower; y2 <= d.upper; y2++) least = Math.min(least, boxIou([x1, y1, x2, y2], truth));
        expect(worstIou(within, truth)).toBe(least);
      }),
      { numRuns: 150, seed: 2 },
    );
  });

  it('is never above the overlap of a box within the bounds', () => {
    const inside = fc.tuple(...[0, 1, 2, 3].map(() => fc.double({ min: 0, max: 1, noNaN: true })));
    fc.assert(
      fc.property(bounds, box, fc.array(inside, { minLength: 20, maxLength: 20 }), (within, truth, places) => {
        const least = worstIou(within, truth);
        for (const shares of places) {
          const at = (i: number): number => {
            const { lower = 0, upper = 0 } = within[i] ?? {};
            return lower + (upper - lower) * (shares[i] as number);
          };
          expect(boxIou([at(0), at(1), at(2), at(3)], truth)).toBeGreaterThanOrEqual(least - 1e-12);
        }
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  it('is 0 where a coordinate has no bound or may be infinite', () => {
    const within = [0, 0, 12, 12].map((value) => ({ lower: value as number | null, upper: value as number | null }));
    const truth: Box = [0, 0, 12, 12];
    expect(worstIou(within, truth)).toBe(1);
    for (let i = 0; i < 4; i++) {
      for (const side of ['lower', 'upper'] as const) {
        for (const value of [null, Infinity]) {
          const other = within.map((one, k) => (k === i ? { ...one, [side]: value } : one));
          expect(worstIou(other, truth)).toBe(0);
        }
      }
    }
  });
});
