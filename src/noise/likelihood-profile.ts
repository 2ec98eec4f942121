import type { BitChanges } from './bit-flip-radius.ts';

/**
 * Copies by the ratio of their chances, as `Regions` in doubles: all terms are sums of products of positive numbers, so they are good to a few
 * units in the last place for each change. The ratio x / changed falls.
 *
 * @internal
 */
export interface LikelihoodProfile {
  readonly x: Float64Array;
  readonly changed: Float64Array;
}

/** The chances of `first`, `first` + 1, ... successes. */
interface Binomial {
  readonly first: number;
  readonly values: readonly number[];
}

/** Chances of a binomial so small beside the largest one are left out. */
const NEGLIGIBLE = 2 ** -200;

/**
 * Bin(n, p), without what is negligible: from the most probable number of successes upwards and downwards by the ratio of neighbours, then
 * brought to the sum 1. A relative error of at most 4 n units of 2⁻⁵³.
 */
function binomial(n: number, p: number, q: number): Binomial {
  if (p === 0) return { first: 0, values: [1] };
  if (q === 0) return { first: n, values: [1] };
  const mode = Math.min(n, Math.floor((n + 1) * p));
  const upwards: number[] = [];
  for (let k = mode, weight = 1; k < n; k++) {
    weight *= ((n - k) / (k + 1)) * (p / q);
    if (weight < NEGLIGIBLE) break;
    upwards.push(weight);
  }
  const downwards: number[] = [];
  for (let k = mode, weight = 1; k > 0; k--) {
    weight *= (k / (n - k + 1)) * (q / p);
    if (weight < NEGLIGIBLE) break;
    downwards.push(weight);
  }
  const weights = [...downwards.reverse(), 1, ...upwards];
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { first: mode - downwards.length, values: weights.map((weight) => weight / sum) };
}

/** The chances of the sum of two independent binomials, 0 .. length − 1. */
function sumOfBinomials(a: Binomial, b: Binomial, length: number): Float64Array {
  const sums = new Float64Array(length);
  for (const [i, chance] of a.values.entries()) {
    const at = a.first + i + b.first;
    for (let j = 0; j < b.values.length; j++) sums[at + j]! += chance * b.values[j]!;
  }
  return sums;
}

/** How bits are flipped: multiples of 2⁻³², so that the complements are exact. @internal */
export interface FlipChances {
  readonly addition: number;
  readonly deletion: number;
}

/** `bitRegions` in doubles. @internal */
export function bitProfile({ addition, deletion }: FlipChances, { added, deleted }: BitChanges): LikelihoodProfile {
  const length = added + deleted + 1;
  const [still0, still1] = [1 - addition, 1 - deletion];
  return {
    x: sumOfBinomials(binomial(added, addition, still0), binomial(deleted, deletion, still1), length),
    changed: sumOfBinomials(binomial(added, still1, deletion), binomial(deleted, still0, addition), length),
  };
}

/** The profile of two independent parts of an input: chances multiply, and the ratios are sorted anew. @internal */
export function productOfProfiles(a: LikelihoodProfile, b: LikelihoodProfile): LikelihoodProfile {
  if (a.x.length === 1) return b; // nothing changes there
  if (b.x.length === 1) return a;
  const width = b.x.length;
  const x = new Float64Array(a.x.length * width);
  const changed = new Float64Array(x.length);
  const ratio = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const [row, column] = [Math.floor(i / width), i % width];
    x[i] = a.x[row]! * b.x[column]!;
    changed[i] = a.changed[row]! * b.changed[column]!;
    ratio[i] = changed[i] === 0 ? Infinity : x[i]! / changed[i]!;
  }
  const order = Uint32Array.from(x.keys()).sort((i, j) => (ratio[i] === ratio[j] ? 0 : ratio[j]! - ratio[i]!));
  return { x: Float64Array.from(order, (i) => x[i]!), changed: Float64Array.from(order, (i) => changed[i]!) };
}

/** The profile of an input that is not changed. @internal */
export const unchanged: LikelihoodProfile = { x: Float64Array.of(1), changed: Float64Array.of(1) };

/** The profile of one changed position of several values, from chances of keeping the value and of having one other. @internal */
export function oneValue(kept: number, other: number): LikelihoodProfile {
  // Equal to x, to neither, to the changed input, or the other way round: the ratio falls. All three are multiples of 2⁻³², so the difference is exact.
  const [most, least] = [Math.max(kept, other), Math.min(kept, other)];
  const rest = 1 - kept - other;
  return { x: Float64Array.of(most, rest, least), changed: Float64Array.of(least, rest, most) };
}

/** The profile of one more position of several values, after that of those before; the ratios are powers of that of one position. @internal */
export function withOnePosition(before: LikelihoodProfile, one: LikelihoodProfile): LikelihoodProfile {
  const length = before.x.length + one.x.length - 1;
  const [x, changed] = [new Float64Array(length), new Float64Array(length)];
  for (let i = 0; i < before.x.length; i++) {
    for (let j = 0; j < one.x.length; j++) {
      x[i + j]! += before.x[i]! * one.x[j]!;
      changed[i + j]! += before.changed[i]! * one.changed[j]!;
    }
  }
  return { x, changed };
}

/**
 * The greatest chance under the changed input of a class that has the chance `mass` under the input: 1 − least(1 − mass).
 *
 * Filled from the end, so by small sums: an absolute error of the relative one of the terms, since the ratios of all that is used are at least
 * that of the last region.
 */
function greatestChance({ x, changed }: LikelihoodProfile, mass: number): number {
  let [left, sum] = [mass, 0];
  for (let i = x.length - 1; i >= 0; i--) {
    if (x[i]! > left) return sum + changed[i]! * (left / x[i]!);
    left -= x[i]!;
    sum += changed[i]!;
  }
  return sum;
}

/** Below this a chance counts as this: what was left out of the profiles is far less. */
const LEAST_CHANCE = 2 ** -100;

/**
 * The sum of both chances is off by at most 74 (r + 1) units of 2⁻⁵³ for r changes, and a profile has more than r regions: a term by 9 r + 8 of its units (four for
 * each step from the most probable one, for its sum and for the sums of products), what is filled by four times that and a unit for each sum. This is more than
 * twice as much.
 */
const UNDECIDED_PER_REGION = 2e-14;

/**
 * Whether a class keeps its lead at the changed input, as far as doubles can tell: undefined where they cannot.
 *
 * least(1 − q) > most(other), that is most(q) + most(other) < 1. The majority is the case other = q.
 *
 * @param q - upper bound on what the class lacks to 1 at the input
 * @param other - upper bound on the largest other class there
 * @internal
 */
export function isLeadClear(profile: LikelihoodProfile, q: number, other: number): boolean | undefined {
  const lost = greatestChance(profile, Math.max(q, LEAST_CHANCE));
  const won = other === q ? lost : greatestChance(profile, Math.max(other, LEAST_CHANCE));
  const left = 1 - (lost + won);
  return Math.abs(left) < UNDECIDED_PER_REGION * (profile.x.length + 10) ? undefined : left > 0;
}
