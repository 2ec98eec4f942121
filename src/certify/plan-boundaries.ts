import type { Boundaries, Kernels } from './crossing.ts';
import type { PlanPrior, PriorCell } from './plan-prior.ts';

/** What a plan is made for. @internal */
export interface PlanProblem {
  readonly checks: readonly number[];
  /** The least probability that proves the radius. */
  readonly p0: { readonly p: number; readonly q: number };
  /** Price of an image that is certifiable and given up, in samples. */
  readonly missPrice: number;
}

/** Counts of a check that can matter: the others are decided. */
interface Band {
  readonly first: number;
  /** Likelihood of the counts under the prior, against p₀: its part above p₀, and all of it. */
  readonly above: Float64Array;
  readonly all: Float64Array;
}

/** The states of a plan, which do not depend on the price of a false certificate. @internal */
export interface PlanStates extends PlanProblem {
  readonly bands: readonly Band[];
}

const DEVIATIONS = 9;
const MORE = 40;

/** Likelihoods of all states. @internal */
export function planStates(problem: PlanProblem, { below, above }: PlanPrior): PlanStates {
  const { checks, p0 } = problem;
  const bands = checks.map((n): Band => {
    const reach = DEVIATIONS * Math.sqrt(n * p0.p * p0.q) + MORE;
    const first = Math.max(0, Math.floor(n * p0.p - reach));
    const size = Math.min(n, Math.ceil(n * p0.p + reach)) - first + 1;
    const aboveOnly = new Float64Array(size);
    for (const cell of above) addLikelihood(aboveOnly, cell, first, n);
    const all = Float64Array.from(aboveOnly);
    for (const cell of below) addLikelihood(all, cell, first, n);
    return { first, above: aboveOnly, all };
  });
  return { ...problem, bands };
}

/** Below e to this a likelihood is nothing beside any price; the least normal double is e^−708. */
const LEAST_LOG = -690;

/** Adds weight · (p/p₀)^h (q/q₀)^(n−h) for h = first, first + 1, ..., each from its neighbour that is smaller. */
function addLikelihood(sums: Float64Array, { hit, miss, weight }: PriorCell, first: number, n: number): void {
  const rises = hit > miss;
  const step = Math.exp(rises ? hit - miss : miss - hit);
  const logAt = (i: number): number => (first + i) * hit + (n - first - i) * miss;
  const last = sums.length - 1;
  // Counted from the end where it is least.
  const lowest = logAt(rises ? 0 : last);
  const skipped = Math.max(0, Math.ceil((LEAST_LOG - lowest) / Math.abs(hit - miss)));
  if (skipped > last) return;
  let value = weight * Math.exp(logAt(rises ? skipped : last - skipped));
  for (let k = skipped; k <= last; k++, value *= step) {
    const i = rises ? k : last - k;
    sums[i] = (sums[i] as number) + value;
  }
}

/** Where a plan could as well decide otherwise: actions cost the same up to rounding. @internal */
export interface TiedBoundaries extends Boundaries {
  readonly ties: { readonly up: readonly Tie[]; readonly low: readonly Tie[] };
}

/** By how much a boundary may be lower and higher: 0 or 1 each. @internal */
export type Tie = readonly [lower: 0 | 1, higher: 0 | 1];

/** Costs that differ by less, relative, may be ordered otherwise by another engine. */
const TIED = 1e-7;

/** The costs of a check that are looked at again by the check before it. */
interface NextCosts {
  /** Count of the first cost. */
  readonly first: number;
  readonly values: Float64Array;
}

/**
 * The boundaries that cost least, by backward induction: in each state the least of
 *
 * - the price λ of a certificate at p₀, in units of the likelihood at p₀,
 * - the price of giving up, for the part of the prior above p₀,
 * - the price of the samples up to the next check, and what the states there cost on average.
 * @internal
 */
export function leastCostBoundaries(states: PlanStates, lambda: number, kernels: Kernels): TiedBoundaries {
  const { checks, bands, missPrice } = states;
  const [up, low, upTies, lowTies]: [number[], number[], Tie[], Tie[]] = [[], [], [], []];
  let next: NextCosts | undefined;
  for (let j = checks.length - 1; j >= 0; j--) {
    const { first, above, all } = bands[j] as Band;
    const n = checks[j] as number;
    const m = (checks[j + 1] ?? n) - n;
    const giveUp = (i: number): number => missPrice * (above[i] as number);
    const goOn = goingOn(next, m > 0 ? kernels(m) : undefined, { lambda, first });
    const costs = new Float64Array(above.length).fill(m > 0 ? NaN : Infinity); // nothing goes on at the end
    const onAt = (i: number): number => {
      if (Number.isNaN(costs[i] as number)) costs[i] = m * (all[i] as number) + goOn(i);
      return costs[i] as number;
    };
    const size = above.length;
    const certifies = (i: number): boolean => lambda <= giveUp(i) && lambda <= onAt(i);
    const top = firstOf(size, certifies);
    const ends = (i: number): boolean => giveUp(i) <= onAt(i);
    const bottom = firstOf(top, (i) => !ends(i)) - 1;
    const isTied = (a: number, b: number): boolean => Math.abs(a - b) <= TIED * Math.max(a, b);
    const isUpTied = (i: number): 0 | 1 => (i >= 0 && i < size && isTied(lambda, Math.min(giveUp(i), onAt(i))) ? 1 : 0);
    const isLowTied = (i: number): 0 | 1 =>
      i >= 0 && i < size && isTied(giveUp(i), Math.min(lambda, onAt(i))) ? 1 : 0;
    up[j] = first + top;
    low[j] = first + bottom;
    upTies[j] = [isUpTied(top - 1), isUpTied(top)];
    lowTies[j] = [isLowTied(bottom), isLowTied(bottom + 1)];
    for (let i = 0; i <= bottom; i++) costs[i] = giveUp(i);
    for (let i = bottom + 1; i < top; i++) onAt(i);
    next = { first, values: costs.subarray(0, top) };
  }
  return { checks, up, low, ties: { up: upTies, low: lowTies } };
}

/** Least index in [0, size] from which on a monotone condition holds. */
function firstOf(size: number, holds: (i: number) => boolean): number {
  let [from, to] = [0, size];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** What the states of the next check cost on average, from each state of this one. */
function goingOn(
  next: NextCosts | undefined,
  kernel: ReturnType<Kernels> | undefined,
  { lambda, first }: { readonly lambda: number; readonly first: number },
): (i: number) => number {
  if (next === undefined || kernel === undefined) return () => Infinity;
  const { values: costs, first: firstCost } = next;
  const { values, atLeast, first: least } = kernel;
  const lowest = costs[0] ?? lambda;
  return (i) => {
    // values[b] leads to costs[a + b]; those above cost lambda, those below the lowest.
    const a = first + i + least - firstCost;
    const from = Math.max(0, -a);
    const to = Math.min(values.length, costs.length - a);
    let sum = lambda * (atLeast[Math.max(0, to)] ?? 0);
    if (from > 0) sum += lowest * (1 - (atLeast[Math.min(from, values.length)] ?? 0));
    for (let b = from; b < to; b++) sum += (values[b] as number) * (costs[a + b] as number);
    return sum;
  };
}
