import type { Fraction } from './exact-fraction.ts';

/** Copies whose chance under the input and under the changed input stand in one ratio: both chances, in shares of `Regions.total`. @internal */
export interface Region {
  readonly x: bigint;
  readonly changed: bigint;
}

/** All copies, by the ratio of their chances. @internal */
export interface Regions {
  readonly regions: readonly Region[];
  /** The sum of all `x`, which is that of all `changed`. */
  readonly total: bigint;
}

/** The regions of two independent parts of an input: chances multiply, and the ratios are sorted anew where they are used. @internal */
export function productOfRegions(a: Regions, b: Regions): Regions {
  const regions = a.regions.flatMap((one) =>
    b.regions.map((other) => ({ x: one.x * other.x, changed: one.changed * other.changed })),
  );
  return { regions, total: a.total * b.total };
}

/** Regions that `times` independent coordinates with the same ones have together, by the sum of their places. @internal */
export function powerOfRegions({ regions, total }: Regions, times: number): Regions {
  let power: Region[] = [{ x: 1n, changed: 1n }];
  for (let i = 0; i < times; i++) {
    const next = Array.from({ length: power.length + regions.length - 1 }, () => ({ x: 0n, changed: 0n }));
    for (const [at, { x, changed }] of power.entries()) {
      for (const [step, region] of regions.entries()) {
        const into = next[at + step]!;
        into.x += x * region.x;
        into.changed += changed * region.changed;
      }
    }
    power = next;
  }
  return { regions: power, total: total ** BigInt(times) };
}

/**
 * The least chance under the changed input of a class that has chance p under the input, exactly.
 *
 * Copies are given to the class in the order of x / changed, the largest first, until they have the chance p under the input (the
 * lemma of Neyman and Pearson). Copies that the input never makes come last and are never used.
 *
 * @internal
 */
export function leastChance({ regions, total }: Regions, p: Fraction): Fraction {
  // A region without copies has no ratio, and would put the others out of order.
  const present = regions.filter(({ x, changed }) => x > 0n || changed > 0n);
  const sorted = present.sort((a, b) => signOf(b.x * a.changed - a.x * b.changed));
  let left = p.above * total; // in units of 1 / (p.below · total)
  let whole = 0n;
  for (const { x, changed } of sorted) {
    const mass = x * p.below;
    if (mass > left) {
      // The last region is used in part.
      return { above: whole * mass + changed * left, below: total * mass };
    }
    left -= mass;
    if (x > 0n) whole += changed;
  }
  return { above: whole, below: total };
}

function signOf(value: bigint): number {
  return value > 0n ? 1 : value < 0n ? -1 : 0;
}
