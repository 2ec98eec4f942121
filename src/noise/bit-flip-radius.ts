import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { type Fraction, fractionOf, isBelow, largestWith, sumOf } from './exact-fraction.ts';
import { leastChance, powerOfRegions, productOfRegions, type Regions } from './likelihood-regions.ts';

/** How bits are flipped: chances out of `of`. @internal */
export interface BitFlipLaw {
  /** A zero becomes a one so often. */
  readonly addition: bigint;
  /** A one becomes a zero so often. */
  readonly deletion: bigint;
  readonly of: bigint;
}

/** What is done to a binary input. */
export interface BitChanges {
  /** Zeros that become ones, at most. */
  readonly added: number;
  /** Ones that become zeros, at most. */
  readonly deleted: number;
}

/** The regions of these changes: q differing bits of the copy differ from the input, for q = 0, 1, ... @internal */
export function bitRegions({ addition, deletion, of }: BitFlipLaw, { added, deleted }: BitChanges): Regions {
  const [still0, still1] = [of - addition, of - deletion];
  const x = [binomialWeights(added, addition, still0), binomialWeights(deleted, deletion, still1)] as const;
  const changed = [binomialWeights(added, still1, deletion), binomialWeights(deleted, still0, addition)] as const;
  const sums = Array.from({ length: added + deleted + 1 }, () => ({ x: 0n, changed: 0n }));
  for (let i = 0; i <= added; i++) {
    for (let j = 0; j <= deleted; j++) {
      sums[i + j]!.x += x[0][i]! * x[1][j]!;
      sums[i + j]!.changed += changed[0][i]! * changed[1][j]!;
    }
  }
  return { regions: sums, total: of ** BigInt(added + deleted) };
}

/** C(n, k) success^k failure^(n − k) for k = 0 .. n. */
function binomialWeights(n: number, success: bigint, failure: bigint): bigint[] {
  const failures = [1n];
  for (let k = 1; k <= n; k++) failures.push(failures[k - 1]! * failure);
  const weights: bigint[] = [];
  let ways = 1n; // C(n, k)
  let power = 1n;
  for (let k = 0; k <= n; k++) {
    weights.push(ways * power * failures[n - k]!);
    ways = (ways * BigInt(n - k)) / BigInt(k + 1);
    power *= success;
  }
  return weights;
}

/** The regions of a change of `changed` positions with K + 1 values: kept with chance keep / of, each other value (of − keep) / (of K). @internal */
export function valueRegions(keep: bigint, of: bigint, otherValues: number, changed: number): Regions {
  const k = BigInt(otherValues);
  const kept = keep * k; // in units of 1 / (of K)
  const other = of - keep;
  const rest = of * k - kept - other;
  const regions = [{ x: kept, changed: other }, { x: rest, changed: rest }, { x: other, changed: kept }]; // prettier-ignore
  return powerOfRegions({ total: of * k, regions }, changed);
}

/** The regions of several groups of bits, each with its own law and changes. @internal */
export function groupRegions(groups: readonly (readonly [BitFlipLaw, BitChanges])[]): Regions {
  const none: Regions = { total: 1n, regions: [{ x: 1n, changed: 1n }] };
  return groups.reduce((all, [law, changes]) => productOfRegions(all, bitRegions(law, changes)), none);
}

const HALF: Fraction = { above: 1n, below: 2n };

/**
 * Whether a class keeps the majority, or its lead over all others, at the changed input.
 *
 * least(p) > 1/2 where no bounds of others are given, else least(p) > most(b) = 1 − least(1 − b) with the largest upper bound b of the others,
 * at most q. Strict and exact, p = 1 − q and b as the doubles that they are.
 *
 * @internal
 */
export function isProven(
  regions: Regions,
  bound: ProbabilityBound,
  others?: readonly UpperProbabilityBound[],
): boolean {
  const q = fractionOf(Math.min(1, bound.q));
  const least = leastChance(regions, complement(q));
  if (others === undefined) return isBelow(HALF, least);
  const b = fractionOf(Math.min(1, bound.q, Math.max(0, ...others.map(({ p }) => p))));
  return isBelow({ above: 1n, below: 1n }, sumOf(least, leastChance(regions, complement(b))));
}

function complement({ above, below }: Fraction): Fraction {
  return { above: below - above, below };
}

/**
 * The most deletions that are certified beside 0, 1, 2, ... additions; the list ends before the first number of additions that is not certified
 * on its own. Certified pairs form a staircase, so the search goes down from step to step.
 *
 * @param most - no more additions and no more deletions are tried
 * @internal
 */
export function bitStaircase(isCertified: (changes: BitChanges) => boolean, most: number): number[] {
  const steps: number[] = [];
  let deleted = largestWith((d) => isCertified({ added: 0, deleted: d }), most);
  while (deleted >= 0 && steps.length <= most) {
    steps.push(deleted);
    while (deleted >= 0 && !isCertified({ added: steps.length, deleted })) deleted--;
  }
  return steps;
}

/**
 * The largest r for which all pairs of additions and deletions with sum r are certified, and with them all pairs below; −1 where not even the
 * class at the input is.
 *
 * @param most - no larger r is tried
 * @internal
 */
export function bitRadius(isCertified: (changes: BitChanges) => boolean, most: number): number {
  let radius = largestWith((deleted) => isCertified({ added: 0, deleted }), most);
  for (let added = 1; added <= radius; added++) {
    while (added <= radius && !isCertified({ added, deleted: radius - added })) radius--;
  }
  return radius;
}
