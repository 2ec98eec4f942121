import type { EditCounts } from '../../src/noise/deletion-noise.ts';
import type { Fraction } from '../../src/noise/exact-fraction.ts';

/** Every result of leaving each token of a sequence out with chance T/2^32, and its chance in units of 2^(−32 length). */
export function lawOf(sequence: string, chance: bigint): Map<string, bigint> {
  let law = new Map([['', 1n]]);
  for (const token of sequence) {
    const next = new Map<string, bigint>();
    const add = (copy: string, mass: bigint): void => void next.set(copy, (next.get(copy) ?? 0n) + mass);
    for (const [copy, mass] of law) {
      add(copy, mass * chance);
      add(copy + token, mass * (2n ** 32n - chance));
    }
    law = next;
  }
  return law;
}

/** The chance that a copy of the sequence has the property. */
export function chanceOf(
  sequence: string,
  law: ReadonlyMap<string, bigint>,
  holds: (copy: string) => boolean,
): Fraction {
  let above = 0n;
  for (const [copy, mass] of law) if (holds(copy)) above += mass;
  return { above, below: 2n ** BigInt(32 * sequence.length) };
}

/** All sequences over an alphabet of at most so many tokens, the empty one among them. */
export function sequencesUpTo(alphabet: string, most: number): string[] {
  const lengths = [['']];
  for (let length = 1; length <= most; length++)
    lengths.push(lengths.at(-1)!.flatMap((start) => [...alphabet].map((token) => start + token)));
  return lengths.flat();
}

/** The ways to make y of x token by token: how often each kind of edit, without ways that need more of every kind than another. */
export function waysBetween(x: string, y: string): EditCounts[] {
  const none: EditCounts = { substituted: 0, inserted: 0, deleted: 0 };
  const table: EditCounts[][][] = [];
  for (let i = 0; i <= x.length; i++) {
    table.push([]);
    for (let j = 0; j <= y.length; j++) {
      const found: EditCounts[] = i === 0 && j === 0 ? [none] : [];
      if (i > 0 && j > 0)
        for (const way of table[i - 1]![j - 1]!)
          found.push({ ...way, substituted: way.substituted + (x[i - 1] === y[j - 1] ? 0 : 1) });
      if (j > 0) for (const way of table[i]![j - 1]!) found.push({ ...way, inserted: way.inserted + 1 });
      if (i > 0) for (const way of table[i - 1]![j]!) found.push({ ...way, deleted: way.deleted + 1 });
      const isBetter = (a: EditCounts, b: EditCounts): boolean =>
        a.substituted <= b.substituted && a.inserted <= b.inserted && a.deleted <= b.deleted;
      table[i]!.push(found.filter((way, at) => !found.some((other, k) => k !== at && isBetter(other, way) && (!isBetter(way, other) || k < at)))); // prettier-ignore
    }
  }
  return table[x.length]![y.length]!;
}

/** The Levenshtein distance, by the ways. */
export function editDistanceByWays(x: string, y: string): number {
  return Math.min(...waysBetween(x, y).map(({ substituted, inserted, deleted }) => substituted + inserted + deleted));
}
