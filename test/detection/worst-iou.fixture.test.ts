import { boxIou, type Box, worstIou } from 'catrs';
import { describe, expect, it } from 'vitest';
import { goldenFamily } from '../noise/golden-family.ts';

interface IouRow {
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly reference: Box;
  readonly worstIou: number;
  readonly worstIouExact: string;
  readonly officialWithPlusOne: number;
}

const { iou } = goldenFamily<{ readonly iou: readonly IouRow[] }>('outputs-quantile');
const boundsOf = ({ low, high }: Pick<IouRow, 'low' | 'high'>): { lower: number; upper: number }[] =>
  low.map((lower, i) => ({ lower, upper: high[i] as number }));

describe('worstIou on golden rows', () => {
  it.each(iou)('low $low, high $high: $worstIouExact', (row) => {
    const [over = 0, under = 1] = row.worstIouExact.split('/').map(Number);
    expect(worstIou(boundsOf(row), row.reference)).toBe(over / under);
    expect(over / under).toBe(row.worstIou);
  });

  it('adds nothing to a width, as the official function does', () => {
    const plusOne = ([x1, y1, x2, y2]: Box): Box => [x1, y1, x2 + 1, y2 + 1];
    for (const row of iou) {
      const official = Math.min(
        ...Array.from({ length: 16 }, (_, corner) => {
          const at = (i: number): number => ((corner >> i) & 1 ? row.high[i] : row.low[i]) as number;
          return boxIou(plusOne([at(0), at(1), at(2), at(3)]), plusOne(row.reference));
        }),
      );
      if (row.worstIou > 0 && row.worstIou < 1) expect(row.officialWithPlusOne).toBeGreaterThan(row.worstIou);
      // A box without any area is one pixel there: its row says 0, since it does not meet the other.
      expect(official).toBeCloseTo(row.officialWithPlusOne, 12);
    }
  });
});
