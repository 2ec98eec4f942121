import { describe, expect, it } from 'vitest';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import type { BitChanges } from '../../src/noise/bit-flip-radius.ts';
import { boundOfQ, goldenFamily, upperBound } from './golden-family.ts';

interface Flips extends BitChanges {
  readonly pPlus: string;
  readonly pMinus: string;
}
interface Row extends Flips {
  readonly q: string;
  readonly other: string;
  readonly certified: boolean;
  readonly certifiedByOneBound: boolean;
  readonly mostDeleted: readonly number[];
  readonly radius: number;
  readonly groups: readonly Flips[];
}

const golden = goldenFamily<Record<string, Row[]>>('discrete-sparse');

/** Probabilities of the rows as doubles: the noise takes them to multiples of 2⁻³², which moves no answer of these rows. */
const chance = (fraction: string): number => {
  const [above, below] = fraction.split('/').map(Number) as [number, number];
  return above / below;
};
const ratesOf = ({ pPlus, pMinus }: Flips): { addition: number; deletion: number } => ({
  addition: chance(pPlus),
  deletion: chance(pMinus),
});
const changesOf = ({ added, deleted }: BitChanges): BitChanges => ({ added, deleted });

/** Rows without flips are not for the noise, which refuses them. */
const flips = ({ pPlus, pMinus }: Flips): boolean => chance(pPlus) + chance(pMinus) > 0;
const rows = (name: string): Row[] => golden[name]!.filter(flips);

describe('BitFlipNoise reproduces the golden rows', () => {
  it.each(rows('leastProbability'))('$added added, $deleted deleted, $pPlus, $pMinus, q = $q: $certified', (row) => {
    expect(new BitFlipNoise(ratesOf(row)).certifies(boundOfQ(row.q), changesOf(row))).toBe(row.certified);
  });

  it.each(rows('frontier'))('$pPlus, $pMinus, q = $q: staircase $mostDeleted, radius $radius', (row) => {
    const noise = new BitFlipNoise(ratesOf(row));
    expect(noise.staircase(boundOfQ(row.q), { most: 100 })).toEqual(row.mostDeleted);
    expect(noise.radius(boundOfQ(row.q), { norm: 'l0', dimension: 1433 })).toBe(row.radius);
    expect(noise.radius(boundOfQ(row.q), { norm: 'l0', dimension: 2 })).toBe(Math.min(2, row.radius));
  });

  it.each(rows('against'))('$added, $deleted, $pPlus, $pMinus, q = $q against $other: $certified', (row) => {
    const noise = new BitFlipNoise(ratesOf(row));
    const [lower, other] = [boundOfQ(row.q), upperBound(row.other)];
    expect(noise.certifies(lower, changesOf(row), other)).toBe(row.certified);
    expect(noise.certifies(lower, changesOf(row))).toBe(row.certifiedByOneBound);
    const radius = noise.radiusAgainst(lower, [{ p: 0.001, q: 0.999 }, other], 1, { norm: 'l0', dimension: 1433 });
    expect(radius >= row.added + row.deleted && !row.certified, 'no radius beyond what is certified').toBe(false);
  });

  it.each(golden['groups']!)('groups, q = $q: $certified', ({ groups, q, certified }) => {
    const noise = new BitFlipNoise({ groups: groups.map((group) => ({ size: 50, ...ratesOf(group) })) });
    expect(noise.certifies(boundOfQ(q), groups.map(changesOf))).toBe(certified);
  });

  it('refuses the two rows without flips', () => {
    const without = Object.entries(golden).flatMap(([name, list]) =>
      ['leastProbability', 'frontier', 'against'].includes(name) ? list.filter((row) => !flips(row)) : [],
    );
    expect(without).toHaveLength(2);
    for (const row of without) expect(() => new BitFlipNoise(ratesOf(row))).toThrow('without flips');
  });
});
