import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { downToParts, type Fraction, fractionOf, largestWith, sumOf } from './exact-fraction.ts';
import { keepsLead, leadOf } from './kept-lead.ts';

/** The law of an ablation: `keep` of `positions`, every set of that size with the same probability. */
export interface AblationLaw {
  /** Number of positions d, at least 1. */
  readonly positions: number;
  /** How many of them a copy shows, k, from 1 to d. */
  readonly keep: number;
}

/**
 * Probability that a copy shows none of `changed` positions: η(r) = C(d − r, k) / C(d, k).
 *
 * η = Π over i < min(r, k) of (d − max(r, k) − i) / (d − i), and 0 for r > d − k.
 *
 * @internal
 */
export function missProbability({ positions, keep }: AblationLaw, changed: number): Fraction {
  const [fewer, more] = [Math.min(changed, keep), Math.max(changed, keep)];
  let [above, below] = [1n, 1n];
  for (let i = 0; i < fewer; i++) {
    above *= BigInt(Math.max(0, positions - more - i));
    below *= BigInt(positions - i);
  }
  return { above, below };
}

/** Number of sets C(d, k) that a copy may show. @internal */
export function subsetCount({ positions, keep }: AblationLaw): bigint {
  let count = 1n;
  for (let i = 0; i < Math.min(keep, positions - keep); i++) count = (count * BigInt(positions - i)) / BigInt(i + 1);
  return count;
}

/** Whether a copy may show at most so many sets: without the numbers that {@link subsetCount} would take for large laws. @internal */
export function hasAtMostSubsets({ positions, keep }: AblationLaw, most: number): boolean {
  let count = 1;
  for (let i = 0; i < Math.min(keep, positions - keep) && count <= most; i++)
    count = (count * (positions - i)) / (i + 1);
  return count <= most;
}

/** Above so many sets, rounding to multiples of their share changes no radius. */
const MOST_PARTS = 2n ** 64n;

/** How a bound is taken. */
export interface AblationRadiusOptions {
  /**
   * How far the sampler is from uniform sets, in total variation: added to every upper bound.
   * @defaultValue 0
   */
  readonly variation?: Fraction;
  /**
   * Whether bounds are taken to the next multiple of 1 / C(d, k), as all probabilities under uniform sets are: p up, upper bounds down.
   * @defaultValue false
   */
  readonly rounded?: boolean;
}

/**
 * The largest number of positions r whose change cannot take the class out of the k most probable ones; −1 where it is not proven at x.
 *
 * With Δ = 1 − η(r), bounds p of the class and the k largest upper bounds b of the others, S_t the sum of the t smallest of these, at most
 * q = 1 − p: certified if t (p − Δ) > S_t + Δ for some t ≤ k. For k = 1 and one other class this is p − b > 2Δ, and with b = q it is
 * p > 1/2 + Δ. Every comparison is exact in integers, q as the double that it is.
 *
 * @param bound - lower bound on the probability of the class; only `q` counts
 * @param others - upper bounds of all other classes; none: q is the bound of each
 * @param k - at least 1
 * @see Levine, Feizi, "Robustness Certificates for Sparse Adversarial Attacks by Randomized Ablation", AAAI 2020
 * @internal
 */
export function ablationRadius(
  law: AblationLaw,
  bound: ProbabilityBound,
  others: readonly UpperProbabilityBound[] = [],
  k = 1,
  { variation = { above: 0n, below: 1n }, rounded = false }: AblationRadiusOptions = {},
): number {
  const parts = rounded ? subsetCount(law) : MOST_PARTS;
  const taken = (value: number): Fraction => {
    const exact = sumOf(fractionOf(value), variation);
    return parts < MOST_PARTS ? downToParts(exact, parts) : exact;
  };
  const q = taken(bound.q);
  const lead = leadOf(q, others.map(({ p }) => taken(p)), k); // prettier-ignore
  return largestWith((r) => keepsLead(lead, missProbability(law, r)), law.positions - law.keep);
}

/**
 * The largest number of positions whose change cannot turn the vote of all C(d, k) copies; never below 0, as the vote is known.
 *
 * n_A − n_c ≥ 2 (C(d, k) − C(d − r, k)) + 1[c < A] for every other class c: ties go to the lower class.
 *
 * @internal
 */
export function allAblationsRadius(law: AblationLaw, counts: readonly number[], label: number): number {
  const all = subsetCount(law);
  const own = counts[label] ?? 0;
  const margins = counts.map((count, c) => (c === label ? Infinity : own - count - (c < label ? 1 : 0)));
  const margin = Math.min(...margins);
  if (margin === Infinity) return law.positions;
  return largestWith((r) => {
    const { above, below } = missProbability(law, r);
    return BigInt(margin) >= 2n * (all - (all * above) / below);
  }, law.positions);
}
