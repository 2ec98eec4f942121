import { describe, expect, it } from 'vitest';
import { deletionRadius, leastAfterEdits } from '../../src/noise/deletion-radius.ts';
import { type Fraction, isBelow } from '../../src/noise/exact-fraction.ts';
import { boundOfQ, goldenFamily, upperBound } from './golden-family.ts';

const golden = goldenFamily<Record<string, Row[]>>('discrete-deletion');

interface Row {
  readonly pDelete: string;
  readonly q: string;
  readonly other: string;
  readonly substituted: number;
  readonly inserted: number;
  readonly deleted: number;
  readonly least: string;
  readonly certified: boolean;
  readonly edit: number;
  readonly insert: number;
  readonly delete: number | null;
  readonly editOfOneBound: number;
}

function fraction(text: string): Fraction {
  const [above, below] = text.split('/').map(BigInt) as [bigint, bigint];
  return { above, below };
}

describe('golden rows of deletion', () => {
  it.each(golden['leastProbability']!)('$pDelete, q = $q, $substituted $inserted $deleted: least $least', (row) => {
    const least = leastAfterEdits(fraction(row.pDelete), boundOfQ(row.q), row);
    expect(Number((least.above * 10n ** 24n) / least.below) / 1e24).toBeCloseTo(Number(row.least), 14);
    expect(isBelow({ above: 1n, below: 2n }, least)).toBe(row.certified);
  });

  it.each(golden['radius']!)('$pDelete, q = $q: $edit edits, $insert insertions, $delete deletions', (row) => {
    const radius = (kind: 'edit' | 'insert' | 'delete') => deletionRadius(fraction(row.pDelete), boundOfQ(row.q), kind);
    expect(radius('edit')).toBe(row.edit);
    expect(radius('insert')).toBe(row.insert);
    expect(radius('delete')).toBe(row.delete ?? Infinity);
  });

  it.each(golden['radiusAgainst']!)('$pDelete, q = $q against $other: $edit edits', (row) => {
    const others = [upperBound(row.other)];
    expect(deletionRadius(fraction(row.pDelete), boundOfQ(row.q), 'edit', others)).toBe(row.edit);
    expect(deletionRadius(fraction(row.pDelete), boundOfQ(row.q))).toBe(row.editOfOneBound);
  });
});
