import { describe, expect, it } from 'vitest';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { bitRegions } from '../../src/noise/bit-flip-radius.ts';
import { type Fraction, isBelow } from '../../src/noise/exact-fraction.ts';
import { leastChance } from '../../src/noise/likelihood-regions.ts';
import { ValueFlipNoise } from '../../src/noise/value-flip-noise.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../../src/types.ts';

// All inputs, all copies, exact chances: no certificate may be wrong, for any classifier and any changed input.

type Law = (value: number, copy: number, position: number) => bigint; // in 2³² parts
const OF = 2n ** 32n;
const HALF: Fraction = { above: 1n, below: 2n };

const words = (chance: number): bigint => BigInt(Math.round(chance * 2 ** 32));

/** All vectors of `positions` values. */
const vectors = (values: number, positions: number): number[][] =>
  Array.from({ length: values ** positions }, (_, i) =>
    Array.from({ length: positions }, (_, j) => Math.floor(i / values ** j) % values),
  );

/** The chance of every copy of x, in parts of 2^(32 positions). */
const chances = (x: readonly number[], copies: readonly number[][], law: Law): bigint[] =>
  copies.map((copy) => copy.reduce((product, value, j) => product * law(x[j]!, value, j), 1n));

/** The chance of a class, by a table that says the class of each copy. */
const chanceOf = (label: number, table: readonly number[], of: readonly bigint[]): bigint =>
  table.reduce((sum, found, i) => (found === label ? sum + of[i]! : sum), 0n);

/** A double that is not below above / below, and hardly above it. */
function doubleAbove(above: bigint, below: bigint): number {
  const rounded = Number((above * 2n ** 60n) / below) / 2 ** 60;
  return Math.min(1, rounded + 2 ** -52);
}

/** A seeded choice of tables. */
function* tables(classes: number, copies: number, count: number): Generator<number[]> {
  let state = 12_345;
  for (let i = 0; i < count; i++) {
    yield Array.from({ length: copies }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * classes);
    });
  }
}

interface Space {
  readonly name: string;
  readonly values: number;
  readonly positions: number;
  readonly law: Law;
  readonly certifies: (
    x: readonly number[],
    changed: readonly number[],
    bound: ProbabilityBound,
    other?: UpperProbabilityBound,
  ) => boolean;
}

const changesOf = (
  x: readonly number[],
  changed: readonly number[],
  from = 0,
  to = x.length,
): { added: number; deleted: number } => ({
  added: x.filter((bit, j) => j >= from && j < to && bit === 0 && changed[j] === 1).length,
  deleted: x.filter((bit, j) => j >= from && j < to && bit === 1 && changed[j] === 0).length,
});

const flipLaw = (addition: bigint, deletion: bigint, bit: number, copy: number): bigint => {
  const flip = bit === 1 ? deletion : addition;
  return bit === copy ? OF - flip : flip;
};

const bits = (addition: number, deletion: number): Space => {
  const noise = new BitFlipNoise({ addition, deletion });
  return {
    name: `bits, ${addition} and ${deletion}`,
    values: 2,
    positions: 3,
    law: (bit, copy) => flipLaw(words(addition), words(deletion), bit, copy),
    certifies: (x, changed, bound, other) => noise.certifies(bound, changesOf(x, changed), other),
  };
};

const groups = [
  { size: 1, addition: 0.05, deletion: 0.3 },
  { size: 2, addition: 0.2, deletion: 0.5 },
];
const grouped = new BitFlipNoise({ groups });

const spaces: readonly Space[] = [
  ...(
    [
      [0.01, 0.6],
      [0.2, 0.2],
      [0, 0.4],
      [0.3, 0],
      [0.1, 0.5],
    ] as const
  ).map(([a, d]) => bits(a, d)),
  {
    name: 'bits of two groups',
    values: 2,
    positions: 3,
    law: (bit, copy, j) => flipLaw(words(groups[j === 0 ? 0 : 1]!.addition), words(groups[j === 0 ? 0 : 1]!.deletion), bit, copy), // prettier-ignore
    certifies: (x, changed, bound, other) =>
      grouped.certifies(bound, [changesOf(x, changed, 0, 1), changesOf(x, changed, 1, 3)], other),
  },
  ...[0.4, 0.7].map((keep): Space => {
    const noise = new ValueFlipNoise({ values: 3, keep });
    const share = BigInt(Math.round((2 ** 32 * (1 - keep)) / 2));
    return {
      name: `three values, ${keep} kept`,
      values: 3,
      positions: 2,
      law: (value, copy) => (value === copy ? OF - 2n * share : share),
      certifies: (x, changed, bound, other) =>
        noise.certifies(bound, x.filter((value, j) => value !== changed[j]).length, other),
    };
  }),
];

describe.each(spaces)('certificates of $name', ({ values, positions, law, certifies }) => {
  const inputs = vectors(values, positions);
  const laws = inputs.map((x) => chances(x, inputs, law));
  const total = OF ** BigInt(positions);

  it('hold for the majority, in 675 classifiers of two classes', () => {
    let [certified, turned] = [0, 0];
    for (const table of tables(2, inputs.length, 675)) {
      const p = laws.map((of) => chanceOf(1, table, of));
      for (const [i, x] of inputs.entries()) {
        const q = doubleAbove(total - p[i]!, total);
        for (const [j, changed] of inputs.entries()) {
          const holds = 2n * p[j]! > total;
          if (2n * p[i]! > total && !holds) turned++;
          if (!certifies(x, changed, { p: 1 - q, q })) continue;
          certified++;
          if (!holds) expect.fail(`a certificate is wrong: ${JSON.stringify({ table, x, changed })}`);
        }
      }
    }
    expect(certified).toBeGreaterThan(500);
    expect(turned, 'some classes change').toBeGreaterThan(100);
  });

  it('hold against the second class, in 300 classifiers of three classes', () => {
    let certified = 0;
    for (const table of tables(3, inputs.length, 300)) {
      const p = laws.map((of) => [0, 1, 2].map((label) => chanceOf(label, table, of)));
      for (const [i, x] of inputs.entries()) {
        const q = doubleAbove(total - p[i]![0]!, total);
        const second = p[i]![1]! > p[i]![2]! ? p[i]![1]! : p[i]![2]!;
        const other = doubleAbove(second, total);
        for (const [j, changed] of inputs.entries()) {
          if (!certifies(x, changed, { p: 1 - q, q }, { p: other, q: 1 - other })) continue;
          certified++;
          const [own, first, last] = p[j]! as [bigint, bigint, bigint];
          if (own <= first || own <= last) expect.fail(`wrong: ${JSON.stringify({ table, x, changed })}`);
        }
      }
    }
    expect(certified).toBeGreaterThan(300);
  });
});

describe('regions of flipped bits', () => {
  it('lose nothing beside all copies one by one', () => {
    const inputs = vectors(2, 3);
    for (const [a, d] of [
      [0.01, 0.6],
      [0.2, 0.2],
      [0.1, 0.5],
    ] as const) {
      const law: Law = (bit, copy) => flipLaw(words(a), words(d), bit, copy);
      const x = [0, 1, 1];
      for (const changed of inputs) {
        const here = chances(x, inputs, law);
        const there = chances(changed, inputs, law);
        const single = { regions: here.map((one, i) => ({ x: one, changed: there[i]! })), total: OF ** 3n };
        const regions = bitRegions({ addition: words(a), deletion: words(d), of: OF }, changesOf(x, changed));
        for (let share = 0n; share <= 50n; share++) {
          const p = { above: share, below: 50n };
          const [slow, fast] = [leastChance(single, p), leastChance(regions, p)];
          expect(slow.above * fast.below).toBe(fast.above * slow.below);
          expect(isBelow(HALF, fast)).toBe(isBelow(HALF, slow));
        }
      }
    }
  });
});
