import type { Noise, RadiusRequest } from '../../noise/types.ts';
import { countsChanges, nothingProven } from '../../options/counting-norms.ts';
import { largestThatHolds } from '../../stats/largest-that-holds.ts';
import { boundFromP, boundFromQ } from '../../stats/rounding.ts';
import type { ProbabilityBound } from '../../types.ts';

/** Which perturbations a statement covers: those of length at most the radius, or below it. A norm that counts changes is always `closed`. */
export type Ball = 'closed' | 'open';

/** The levels of the quantiles at x that bound a percentile within a radius. @internal */
export interface PercentileLevels {
  /** p̲: the lower p̲-quantile at x is below the percentile everywhere. */
  readonly lower: ProbabilityBound;
  /** 1 − p̄: the upper p̄-quantile at x is above it. */
  readonly upper: ProbabilityBound;
  readonly ball: Ball;
}

/** A level and its complement as a pair. @internal */
export const pairOf = (p: number): ProbabilityBound => ({ p, q: 1 - p });
/** The complement of a level. @internal */
export const mirrored = ({ p, q }: ProbabilityBound): ProbabilityBound => ({ p: q, q: p });

/** Margin by which the radius of a noise must be better than its shift: it is the statement for the smaller ball. */
const BETTER = 1 + 1e-9;

/**
 * What is left of a percentile P within a radius r: p̲ = down(P, r) and 1 − p̄ = down(1 − P, r), both rounded down.
 *
 * By `Noise.shiftDown` for every P. Of the median also by `Noise.radius`: the least p whose radius reaches r stays above 1/2, so 1 − p is left of 1/2;
 * where this is more, it is taken, and speaks of ‖δ‖ < r.
 * @internal
 */
export function percentileLevels(
  noise: Noise,
  percentile: number,
  radius: number,
  request: RadiusRequest,
): PercentileLevels {
  const level = pairOf(percentile);
  if (radius === 0) return { lower: level, upper: mirrored(level), ball: 'closed' };
  const shifted = noise.shiftDown && {
    lower: noise.shiftDown(level, radius, request),
    upper: noise.shiftDown(mirrored(level), radius, request),
    ball: 'closed' as const,
  };
  if (percentile !== 0.5) return shifted ?? { lower: pairOf(0), upper: pairOf(0), ball: 'closed' };
  const left = leftOfHalf(noise, radius, request);
  if (shifted && left.p <= shifted.lower.p * BETTER) return shifted;
  return { lower: left, upper: left, ball: countsChanges(request.norm) ? 'closed' : 'open' };
}

/** 1 − p for the least p whose radius reaches `radius`, rounded down. */
function leftOfHalf(noise: Noise, radius: number, request: RadiusRequest): ProbabilityBound {
  const boundOf = (q: number): ProbabilityBound => (q === 0 ? pairOf(1) : boundFromQ(q));
  const reaches = (q: number): boolean => noise.radius(boundOf(q), request) >= radius;
  let [within, beyond] = [0.25, 0.5];
  while (within > Number.MIN_VALUE * 2 ** 60 && !reaches(within)) [within, beyond] = [within / 2, within];
  if (!reaches(within)) return pairOf(0);
  for (;;) {
    const middle = (within + beyond) / 2;
    if (middle <= within || middle >= beyond) return boundFromP(within);
    if (reaches(middle)) within = middle;
    else beyond = middle;
  }
}

/**
 * The largest radius within which a probability stays above a level, rounded down; 0 where there is none, -1 in a norm that counts changes.
 *
 * Of 1/2 it is the radius of the noise; of other levels it follows from `Noise.shiftDown` by bisection. For all ‖δ‖ < radius, or for that many changes.
 *
 * @param level - the level and its complement; the smaller of the two is taken at its word
 * @param bound - lower bound on the probability
 * @internal
 */
export function radiusAbove(
  noise: Noise,
  level: ProbabilityBound,
  bound: ProbabilityBound,
  request: RadiusRequest,
): number {
  if (level.p === 0.5) return bound.p > 0.5 ? noise.radius(bound, request) : nothingProven(request.norm);
  const stays = (radius: number): boolean => {
    const left = radius === 0 ? bound : noise.shiftDown?.(bound, radius, request);
    return left !== undefined && (level.p < 0.5 ? left.p > level.p : left.q < level.q);
  };
  return largestThatHolds(stays, 0);
}
