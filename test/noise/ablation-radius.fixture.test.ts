import { describe, expect, it } from 'vitest';
import { ablationRadius, allAblationsRadius, missProbability, subsetCount } from '../../src/noise/ablation-radius.ts';
import { boundOfQ, goldenFamily, upperBound } from './golden-family.ts';

const golden = goldenFamily<Record<string, Row[]>>('discrete-l0');

interface Row {
  readonly positions: number;
  readonly keep: number;
  readonly r: number;
  readonly q: string;
  readonly others: readonly string[];
  readonly other?: string;
  readonly k: number;
  readonly radius: number;
  readonly radiusRounded: number;
  readonly radiusOfOneBound: number;
  readonly pUpper: string;
  readonly missed: string | null;
  readonly subsets: string | null;
  readonly counts: readonly number[];
  readonly label: number;
  readonly margins: readonly (readonly number[])[];
}

describe('golden rows of ablation', () => {
  it.each(golden['delta']!)('$positions positions, $keep kept, $r changed: the fraction', (row) => {
    const { above, below: under } = missProbability(row, row.r);
    if (row.missed !== null) {
      const [a, b] = row.missed.split('/').map(BigInt) as [bigint, bigint];
      expect(above * b).toBe(under * a);
    }
    if (row.subsets !== null) expect(subsetCount(row)).toBe(BigInt(row.subsets));
  });

  it.each(golden['radius']!)('$positions positions, $keep kept, q = $q: radius $radius', (row) => {
    expect(ablationRadius(row, boundOfQ(row.q))).toBe(row.radius);
  });

  it.each(golden['radiusAgainst']!)('$positions, $keep, q = $q against $others, k = $k: radius $radius', (row) => {
    expect(ablationRadius(row, boundOfQ(row.q), row.others.map(upperBound), row.k)).toBe(row.radius);
  });

  it.each(golden['certify']!)('$positions, $keep, votes: radius $radius', (row) => {
    expect(ablationRadius(row, boundOfQ(row.q))).toBe(row.radius);
  });

  it.each(golden['certifyAgainst']!)('$positions, $keep, two bounds: radius $radius', (row) => {
    expect(ablationRadius(row, boundOfQ(row.q), [upperBound(row.pUpper)])).toBe(row.radius);
  });

  it.each(golden['rounded']!)('$positions, $keep, q = $q rounded: radius $radiusRounded', (row) => {
    const others = row.other === undefined ? [] : [upperBound(row.other)];
    expect(ablationRadius(row, boundOfQ(row.q), others)).toBe(row.radius);
    expect(ablationRadius(row, boundOfQ(row.q), others, 1, { rounded: true })).toBe(row.radiusRounded);
  });

  it.each(golden['allSets']!)('all sets of $positions, $keep: radius $radius', (row) => {
    expect(allAblationsRadius(row, row.counts, row.label)).toBe(row.radius);
  });
});
