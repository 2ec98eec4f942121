import { OptionError, refusal } from '../../errors.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { binomialTail } from '../../stats/binomial.ts';
import { clopperPearsonLowerBound } from '../../stats/clopper-pearson.ts';
import { mixtureLowerBound } from '../../stats/mixture-bounds.ts';
import { lowerOrderStatistic } from '../../stats/order-statistic.ts';
import type { ProbabilityBound } from '../../types.ts';

/** An option delta. @internal */
export const deltaField: fields.Field<number> = fields.field(
  'must be in (0, 1/2)',
  (v) => fields.isFiniteNumber(v) && v > 0 && v < 0.5,
);

/** Candidates for a center: so many draws of their own, or the samples themselves. */
export type CenterCandidates = number | 'samples';

/** What {@link planCenter} plans with. */
export interface CenterPlanRequest {
  /** Δ, in (0, 1/2): a ball of mass above ½ − Δ is accepted, and one of mass ½ + Δ is relied on. */
  readonly delta: number;
  /** Number of candidates, m₀; or the samples themselves. */
  readonly candidates: CenterCandidates;
  /** Number of samples that choose among the candidates. */
  readonly n: number;
  /** Number of samples that check the ball, n′. */
  readonly check: number;
  /** Allowed probability that the prediction says something wrong, α₁. */
  readonly alpha: number;
}

/** How α₁ is spent, and how many samples a center needs around it. */
export interface CenterPlan {
  /** m = ⌊n/2⌋ + 1: the ball of a candidate holds so many of the n samples. */
  readonly majority: number;
  /** e₀ = (½ − Δ)^m₀: no candidate lies in a ball of mass ½ + Δ; 0 where the samples are the candidates. Rounded up. */
  readonly noCandidateInside: number;
  /** e₁ = P(Bin(n, ½ + Δ) ≤ m − 1): too few of the samples lie in it. Rounded up. */
  readonly tooFewInside: number;
  /** a = α₁ − e₀ − e₁, what is left for the check; rounded down. It may be negative: then no prediction is possible. */
  readonly left: number;
  /** Least number of the check samples in the ball for which its mass is above ½ − Δ at level a; null where all of them are not enough. */
  readonly leastInside: number | null;
}

/** An option candidates. @internal */
export const candidatesField: fields.Field<CenterCandidates> = fields.field(
  "must be an integer of at least 1, or 'samples'",
  (v) => v === 'samples' || fields.isInteger(v, 1, fields.MAX_SAMPLES),
);

const planRequest = optionsOf<CenterPlanRequest>()({
  delta: deltaField,
  candidates: candidatesField,
  n: fields.sampleCount,
  check: fields.sampleCount,
  alpha: fields.openFraction,
});

/**
 * How a prediction of center smoothing spends its failure probability: on the candidates, on the samples, and on the check of the ball.
 *
 * @throws OptionError for an option outside its domain
 * @example
 * ```ts
 * const plan = planCenter({ delta: 0.05, candidates: 30, n: 2000, check: 2000, alpha: 0.005 });
 * console.log(plan.majority, plan.leastInside); // 1001 958
 * ```
 * @see Kumar, Goldstein, "Center Smoothing: Certified Robustness for Networks with Structured Outputs", NeurIPS 2021; e₀ derived: docs page on center smoothing
 */
export function planCenter(request: CenterPlanRequest): CenterPlan {
  const { delta, candidates, n, check, alpha } = planRequest.parse('planCenter', request);
  const majority = Math.floor(n / 2) + 1;
  const { above } = aroundHalfMinus(delta);
  const noCandidateInside = candidates === 'samples' ? 0 : above ** candidates * (1 + (candidates + 8) * 2 ** -51);
  const tooFewInside = majorityMissed(n, delta);
  const spent = noCandidateInside + tooFewInside;
  const rest = alpha - spent * (1 + 2 ** -51);
  const left = rest - Math.abs(rest) * 2 ** -51;
  return { majority, noCandidateInside, tooFewInside, left, leastInside: leastInside(check, left, above) };
}

/** Least k of n with a Clopper-Pearson lower bound above `level`, or null. */
function leastInside(n: number, alpha: number, level: number): number | null {
  if (!(alpha > 0)) return null;
  const holds = (k: number): boolean => clopperPearsonLowerBound(k, n, alpha).p > level;
  if (!holds(n)) return null;
  let [below, found] = [0, n];
  while (found - below > 1) {
    const middle = Math.floor((below + found) / 2);
    if (holds(middle)) found = middle;
    else below = middle;
  }
  return found;
}

/** P(Bin(n, ½ + Δ) ≤ ⌊n/2⌋), rounded up. */
function majorityMissed(n: number, delta: number): number {
  const { above } = aroundHalfMinus(delta);
  const misses = Math.ceil(n / 2); // as many miss at least
  const { log, slope } = binomialTail(misses, n, Math.log(above / (1 - above)));
  // The terms of the logarithm are off by less than 3e-13, its log-odds by two roundings.
  const error = 4e-13 + 4e-16 * slope;
  return Math.min(1, Math.exp(log) * (1 + error) + Number.MIN_VALUE);
}

/** The doubles next to ½ − Δ, below and above; both are ½ − Δ where that is a double. */
function aroundHalfMinus(delta: number): { readonly below: number; readonly above: number } {
  const nearest = 0.5 - delta;
  // Exact: the first difference because the parts are near each other, or delta is above ¼ and the nearest is exact.
  const excess = delta - (0.5 - nearest);
  if (excess === 0) return { below: nearest, above: nearest };
  const step = 2 ** -54; // spacing of doubles in [¼, ½)
  return excess > 0 ? { below: nearest - step, above: nearest } : { below: nearest, above: nearest + step };
}

/** ½ − Δ as a lower bound on a probability. @internal */
export function halfMinus(delta: number): ProbabilityBound {
  const { below } = aroundHalfMinus(delta);
  return { p: below, q: 1 - below };
}

/** What {@link coveringIndex} rests on. */
export interface CoveringRequest {
  /** Number of draws, those without a distance among them. */
  readonly n: number;
  /** What the noise leaves of ½ − Δ within the radius, rounded down: a ball that holds the rest at x holds ½ + Δ within the radius. */
  readonly outside: ProbabilityBound;
  /** Allowed probability that the distance is too small, α₂. */
  readonly alpha: number;
  /**
   * Whether the index holds for all n at once, so that drawing may stop for any reason.
   * @defaultValue false
   */
  readonly isAnytime?: boolean | undefined;
}

/**
 * Index of the order statistic of n distances that covers the mass q = 1 − `outside.p`: j = min{j : P(Bin(n, q) ≥ j) ≤ α}, from 1; null where there is none.
 *
 * The one that holds at any time is n + 1 − i with i = 1 + max{h : U(h, n, α) < 1 − q}, U the upper end of the confidence sequence with the prior Beta(½, ½).
 *
 * @throws OptionError for an argument outside its domain
 * @example
 * ```ts
 * const outside = shiftDown({ p: 0.45, q: 0.55 }, 0.5); // delta = 0.05, radius sigma/2
 * console.log(coveringIndex({ n: 1000, outside, alpha: 0.005 })); // 771
 * ```
 */
export function coveringIndex({ n, outside, alpha, isAnytime = false }: CoveringRequest): number | null {
  const i = isAnytime ? anytimeOrderStatistic(n, outside, alpha) : lowerOrderStatistic(n, outside, alpha);
  return i === 0 ? null : n + 1 - i;
}

const JEFFREYS = [{ weight: 1, a: 0.5, b: 0.5 }] as const;

/** 1 + max{h : U(h, n, α) < p}; 0 where there is none. */
function anytimeOrderStatistic(n: number, { p, q }: ProbabilityBound, alpha: number): number {
  // U(h) < p says L(n − h) > q for the complement.
  const holds = (h: number): boolean => {
    const lower = mixtureLowerBound(JEFFREYS, n - h, n, alpha);
    return q <= 0.5 ? lower.p > q : lower.q < p;
  };
  let [found, above] = [-1, n + 1];
  while (above - found > 1) {
    const middle = Math.floor((found + above) / 2);
    if (middle <= n && holds(middle)) found = middle;
    else above = middle;
  }
  return found + 1;
}

/** Least number of draws for which there is an index at all; Infinity where no number is enough. */
function leastDraws({ outside, alpha, isAnytime = false }: Omit<CoveringRequest, 'n'>): number {
  const estimate = Math.ceil(Math.log(alpha) / Math.log1p(-outside.p));
  if (!(estimate <= fields.MAX_SAMPLES)) return Infinity;
  const has = (n: number): boolean => coveringIndex({ n, outside, alpha, isAnytime }) !== null;
  let [without, found] = [0, Math.max(1, estimate)];
  while (!has(found)) {
    [without, found] = [found, 2 * found];
    if (found > fields.MAX_SAMPLES) return Infinity;
  }
  while (found - without > 1) {
    const middle = Math.floor((without + found) / 2);
    if (has(middle)) found = middle;
    else without = middle;
  }
  return found;
}

/** Throws unless so many draws can prove a distance within the radius. @internal */
export function assertEnoughDraws(call: string, radius: number, { n, ...request }: CoveringRequest): void {
  if (coveringIndex({ n, ...request }) !== null) return;
  const least = leastDraws(request);
  const { alpha } = request;
  if (!Number.isFinite(least)) {
    const way = 'or take more noise';
    const must = `must be so small that 2^30 draws can certify a distance at level ${alpha}`;
    throw refusal(OptionError, { call, field: 'radius', value: radius, way }, must);
  }
  const way = 'raise n or alpha, or lower the radius';
  const must = `must be at least ${least} for a distance within radius ${radius} at level ${alpha}`;
  throw refusal(OptionError, { call, field: 'n', value: n, way }, must);
}

/** Throws unless a prediction with these sizes can say something. @internal */
export function assertPossible(call: string, prefix: string, settings: CenterPlanRequest): void {
  const { noCandidateInside, tooFewInside, left, leastInside } = planCenter(settings);
  const { alpha, check } = settings;
  if (!(left > 0)) {
    const what = noCandidateInside > tooFewInside ? 'candidates' : 'n';
    const spent = (noCandidateInside + tooFewInside).toPrecision(3);
    const way = `raise ${prefix}${what}, delta or alpha`;
    const must = `must be above ${spent}, the probability that candidates or samples miss the ball`;
    throw refusal(OptionError, { call, field: `${prefix}alpha`, value: alpha, way }, must);
  }
  if (leastInside !== null) return;
  const must = `must be enough to show a mass above 1/2 - delta at level ${left.toPrecision(3)}`;
  throw refusal(OptionError, { call, field: `${prefix}check`, value: check, way: 'raise it, delta or alpha' }, must);
}

/** 3R, rounded up. @internal */
export function thrice(radius: number): number {
  const product = 2 * radius + radius;
  const error = radius - (product - 2 * radius); // exact, since 2R and R are near each other
  return error > 0 ? product + product * 2 ** -52 : product;
}
