import type { ScoreSums } from '../certify/types.ts';
import type { Noise } from '../noise/types.ts';
import { nothingProven } from '../options/counting-norms.ts';
import { empiricalBernsteinLowerBound } from '../stats/empirical-bernstein.ts';
import { largestAbove } from '../stats/largest-that-holds.ts';
import { boundFromP } from '../stats/rounding.ts';
import { profileBound, thresholdProfile } from '../stats/score-bounds.ts';
import type { Norm, ProbabilityBound } from '../types.ts';
import { shiftOf } from './outputs/shift-of.ts';
import { type SoftBoundSettings, thresholdList } from './soft-bound.ts';

/** What a soft certificate claims from. */
interface SoftClaimRequest extends SoftBoundSettings {
  readonly scores: ScoreSums;
  readonly n: number;
  readonly alpha: number;
  readonly noise: Noise;
  readonly norm: Norm;
  readonly dimension: number;
}

/** The lower bound on the mean score at the input itself, and the radius within which it stays above 1/2. @internal */
export interface SoftClaim {
  readonly lower: ProbabilityBound;
  readonly radius: number;
}

/**
 * What the scores of a class prove of its mean.
 *
 * By their sums: the empirical Bernstein bound, and the radius that the noise has for it. By counts at thresholds t_1 < … < t_m in (0, 1], k_j scores of at least t_j with Clopper-Pearson
 * bounds L_j at α/m: the mean at x + δ is at least Σ (t_j − t_{j−1}) shift(L_j, ‖δ‖), for all δ at once, and the radius is the largest at which that exceeds 1/2, from below.
 * @internal
 */
export function softClaim(asked: SoftClaimRequest): SoftClaim {
  const { bound, thresholds = [], scores, n, alpha, noise, norm, dimension } = asked;
  const request = { norm, dimension };
  if (bound === 'empirical-bernstein') {
    const lower = empiricalBernsteinLowerBound({ ...scores, n, alpha });
    return { lower, radius: lower.p > 0.5 ? noise.radius(lower, request) : nothingProven(norm) };
  }
  const call = 'SoftSmoothedClassifier.certify';
  const counted = { thresholds: thresholdList(thresholds), counts: scores.counts ?? [] };
  const profile = thresholdProfile(call, counted, { n, alpha });
  const shift = shiftOf(call, noise, request);
  const mean = profileBound(profile, (unshifted) => unshifted);
  const meanWithin = (radius: number): number => profileBound(profile, shift(radius));
  return { lower: pairOf(mean), radius: mean > 0.5 ? largestAbove(meanWithin, 0.5) : nothingProven(norm) };
}

/** A lower bound with its complement, which is exact above 1/2 and else rounded up. */
function pairOf(p: number): ProbabilityBound {
  if (p > 0.5) return { p, q: 1 - p };
  return p > 0 ? boundFromP(p) : { p: 0, q: 1 };
}
