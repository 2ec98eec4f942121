import { describe, expect, it } from 'vitest';
import {
  type BitChanges,
  type BitFlipLaw,
  bitRadius,
  bitRegions,
  bitStaircase,
  groupRegions,
  isProven,
  valueRegions,
} from '../../src/noise/bit-flip-radius.ts';
import { type Fraction, fractionOf, isBelow } from '../../src/noise/exact-fraction.ts';
import { leastChance } from '../../src/noise/likelihood-regions.ts';
import { boundOfQ, goldenFamily, upperBound } from './golden-family.ts';

const golden = goldenFamily<Record<string, Row[]>>('discrete-sparse');

interface Row {
  readonly added: number;
  readonly deleted: number;
  readonly pPlus: string;
  readonly pMinus: string;
  readonly q: string;
  readonly other: string;
  readonly least: string;
  readonly most: string;
  readonly leastFraction?: string | null;
  readonly leastNext: string;
  readonly certified: boolean;
  readonly certifiedByOneBound: boolean;
  readonly mostDeleted: readonly number[];
  readonly radius: number;
  readonly otherValues: number;
  readonly keep: string;
  readonly groups: readonly Row[];
  readonly regions: readonly { readonly x: string | null; readonly changed: string | null }[];
}

const fraction = (text: string): [bigint, bigint] => text.split('/').map(BigInt) as [bigint, bigint];
function lawOf({ pPlus, pMinus }: Row): BitFlipLaw {
  const [[a, b], [c, d]] = [fraction(pPlus), fraction(pMinus)];
  return { addition: a * d, deletion: c * b, of: b * d };
}
/** 1 − q, exactly. */
function chance(q: string): Fraction {
  const { above, below: under } = fractionOf(Number(q));
  return { above: under - above, below: under };
}
/** The decimals have 25 significant digits. */
function expectDecimal({ above, below: under }: Fraction, decimal: string): void {
  const scaled = (above * 10n ** 30n) / under;
  const [, digits = ''] = decimal.split('.');
  const told = BigInt(Math.trunc(Number(decimal))) * 10n ** 30n + BigInt(digits.padEnd(30, '0'));
  const difference = scaled > told ? scaled - told : told - scaled;
  expect(difference <= 10n ** 6n, `${scaled} against ${told}`).toBe(true);
}

describe('golden rows of flipped bits', () => {
  it.each(golden['regions']!)('$added added, $deleted deleted, $pPlus and $pMinus: regions', (row) => {
    const { regions, total } = bitRegions(lawOf(row), row);
    expect(regions.length).toBe(row.regions.length);
    for (const [i, { x, changed }] of regions.entries()) {
      const told = row.regions[i]!;
      for (const [weight, text] of [
        [x, told.x],
        [changed, told.changed],
      ] as const) {
        if (text === null) continue;
        const [a, b] = fraction(text);
        expect(weight * b).toBe(total * a);
      }
    }
  });

  it.each(golden['leastProbability']!)('$added, $deleted, $pPlus, $pMinus, q = $q: least $least', (row) => {
    const regions = bitRegions(lawOf(row), row);
    const least = leastChance(regions, chance(row.q));
    expectDecimal(least, row.least);
    if (row.leastFraction) {
      const [a, b] = fraction(row.leastFraction);
      expect(least.above * b).toBe(least.below * a);
    }
    const { above, below: under } = leastChance(regions, chance(row.q));
    expectDecimal({ above: under - above, below: under }, row.most);
    expect(isBelow({ above: 1n, below: 2n }, least)).toBe(row.certified);
    expect(isProven(regions, boundOfQ(row.q))).toBe(row.certified);
  });

  it.each(golden['frontier']!)('$pPlus, $pMinus, q = $q: staircase $mostDeleted', (row) => {
    const law = lawOf(row);
    const isCertified = (changes: BitChanges): boolean => isProven(bitRegions(law, changes), boundOfQ(row.q));
    expect(bitStaircase(isCertified, 100)).toEqual(row.mostDeleted);
    expect(bitRadius(isCertified, 100)).toBe(row.radius);
  });

  it.each(golden['against']!)('$added, $deleted, $pPlus, $pMinus, q = $q against $other: $certified', (row) => {
    const regions = bitRegions(lawOf(row), row);
    expect(isProven(regions, boundOfQ(row.q), [upperBound(row.other)])).toBe(row.certified);
    expect(isProven(regions, boundOfQ(row.q))).toBe(row.certifiedByOneBound);
  });

  it.each(golden['manyValues']!)('$otherValues other values, kept $keep, q = $q: radius $radius', (row) => {
    const [keep, of] = fraction(row.keep);
    const least = (r: number): Fraction => leastChance(valueRegions(keep, of, row.otherValues, r), chance(row.q));
    expectDecimal(least(Math.max(0, row.radius)), row.least);
    expectDecimal(least(row.radius + 1), row.leastNext);
    expect(isBelow({ above: 1n, below: 2n }, least(row.radius + 1))).toBe(false);
  });

  it.each(golden['groups']!)('groups, q = $q: least $least', (row) => {
    const regions = groupRegions(row.groups.map((group) => [lawOf(group), group] as const));
    expectDecimal(leastChance(regions, chance(row.q)), row.least);
    expect(isProven(regions, boundOfQ(row.q))).toBe(row.certified);
  });
});
