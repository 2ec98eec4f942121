import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import type { CoordinateScales } from './coordinate-scales.ts';
import { gaussianRadius, gaussianRadiusAgainst, gaussianRadiusBetween, gaussianShift } from './gaussian-radius.ts';
import type { RadiusRequest } from './types.ts';
import { nothingLeft } from './uniform-noise.ts';

// The radii of `gaussian-radius.ts` for scales: those of the one scale that they come to, nothing where it is 0.

/** {@link gaussianRadius} for scales. @internal */
export function scaledGaussianRadius(
  scales: CoordinateScales,
  bound: ProbabilityBound,
  request: RadiusRequest,
): number {
  const { scale, ...one } = scales.oneScale(request);
  return scale === 0 ? 0 : gaussianRadius(bound, scale, one);
}

/** {@link gaussianShift} for scales. @internal */
export function scaledGaussianShift(
  scales: CoordinateScales,
  bound: ProbabilityBound,
  radius: number,
  request: RadiusRequest,
): ProbabilityBound {
  const { scale, ...one } = scales.oneScale(request);
  return scale === 0 ? nothingLeft(bound, radius) : gaussianShift(bound, radius, { ...one, sigma: scale });
}

/** {@link gaussianRadiusBetween} for scales. @internal */
export function scaledGaussianRadiusBetween(
  scales: CoordinateScales,
  lower: ProbabilityBound,
  upper: UpperProbabilityBound,
  request: RadiusRequest,
): number {
  const { scale, ...one } = scales.oneScale(request);
  return scale === 0 ? 0 : gaussianRadiusBetween(lower, upper, { ...one, sigma: scale });
}

/** {@link gaussianRadiusAgainst} for scales. @internal */
export function scaledGaussianRadiusAgainst(
  scales: CoordinateScales,
  lower: ProbabilityBound,
  others: readonly UpperProbabilityBound[],
  k: number,
  request: RadiusRequest,
): number {
  const { scale: sigma, ...one } = scales.oneScale(request);
  return sigma === 0 ? 0 : gaussianRadiusAgainst({ bound: lower, others, k, sigma, ...one });
}
