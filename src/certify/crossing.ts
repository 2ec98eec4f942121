import { type BinomialKernel, binomialKernel } from '../stats/binomial-kernel.ts';

/** Integer boundaries of a sequential test of one class probability. @internal */
export interface Boundaries {
  /** Numbers of samples at which the votes are looked at, ascending. */
  readonly checks: readonly number[];
  /** Certified at the first check where so many votes or more are for the class; `checks[j] + 1` where that cannot be. */
  readonly up: readonly number[];
  /** Given up at the first check where so many votes or fewer are; −1 where that cannot be. */
  readonly low: readonly number[];
}

/** How a plan ends, for one class probability. @internal */
export interface Crossing {
  /** Probability that it certifies, as computed: positive terms only, so off by the relative `error` at most, but for `leftOut`. */
  readonly certified: number;
  /** Never below the exact probability that it certifies. */
  readonly most: number;
  /** Expected number of samples. */
  readonly samples: number;
}

/** Steps of a plan with fixed checks are those of few lengths. @internal */
export type Kernels = (m: number) => BinomialKernel;

/** The laws of m more votes at one probability, each made once. @internal */
export function kernelsAt(pair: { readonly p: number; readonly q: number }): Kernels {
  const made = new Map<number, BinomialKernel>();
  return (m) => {
    const kernel = made.get(m) ?? binomialKernel(m, pair);
    made.set(m, kernel);
    return kernel;
  };
}

/** Spacing of doubles below 1. */
const UNIT = 2 ** -53;

/** Products below the normal range lose digits: all of them together are less than this. */
const UNDERFLOW = 1e-290;

/**
 * Probability ψ(p) that boundaries certify, and the expected number of samples, by carrying the law of the count from check to check.
 *
 * ψ increases with p: with more hits, vote for vote, a run certifies earlier and gives up later. So ψ(p₀) ≤ α proves that no p ≤ p₀ is certified with a probability
 * above α.
 *
 * `most` is on the safe side: each check multiplies by a kernel that is off by its error and adds at most `width` terms, all positive, one unit of 2⁻⁵³ each; what kernels
 * leave out counts as certified. Together about 1e-11 of ψ for 200 checks.
 * @internal
 */
export function crossing({ checks, up, low }: Boundaries, kernels: Kernels): Crossing {
  let first = 0; // the least count that goes on
  let law: Float64Array<ArrayBufferLike> = Float64Array.of(1);
  let [certified, samples, leftOut, error] = [0, 0, 0, 0];
  for (const [j, n] of checks.entries()) {
    const m = n - (checks[j - 1] ?? 0);
    const kernel = kernels(m);
    const alive = law.reduce((sum, value) => sum + value, 0);
    samples += m * alive;
    leftOut += kernel.leftOut * alive;
    error += kernel.error + (Math.min(law.length, kernel.values.length) + law.length + 4) * UNIT;
    const [from, to] = [(low[j] ?? -1) + 1, Math.min(up[j] ?? n + 1, n + 1)];
    certified += gains(law, first, kernel, to);
    law = carried(law, first, kernel, [from, to]);
    first = from;
  }
  return { certified, most: (certified + leftOut) * (1 + 2 * error) + UNDERFLOW, samples };
}

/** Probability that the next count is at least `up`. */
function gains(law: Float64Array, first: number, { first: least, atLeast }: BinomialKernel, up: number): number {
  let sum = 0;
  for (let i = 0; i < law.length; i++) {
    const needed = Math.max(0, up - (first + i) - least);
    sum += (law[i] ?? 0) * (atLeast[needed] ?? 0);
  }
  return sum;
}

/** The law of the next count on [from, to). */
function carried(
  law: Float64Array,
  first: number,
  { first: least, values }: BinomialKernel,
  [from, to]: readonly [number, number],
): Float64Array {
  const next = new Float64Array(Math.max(0, to - from));
  const lastValue = values.length - 1;
  for (let i = 0; i < next.length; i++) {
    // law[a] and values[b] with first + a + least + b = from + i
    const both = from + i - first - least;
    let sum = 0;
    for (let a = Math.max(0, both - lastValue), b = both - a; a < law.length && b >= 0; a++, b--) {
      sum += (law[a] as number) * (values[b] as number);
    }
    next[i] = sum;
  }
  return next;
}
