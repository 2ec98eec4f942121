import { largestThatHolds } from '../stats/largest-that-holds.ts';
import { ROUND_DOWN } from '../stats/rounding.ts';
import type { LengthNorm } from '../types.ts';
import type { ScaleGroup } from './scales.ts';

/** Pays for the roundings of so many logarithms, their sum and one exponential. */
const slack = (terms: number): number => (terms + 16) * 2 ** -52;

/** 1 − Π (1 − sᵢ), of shares of the widths of a box, rounded up: how much of the box moves out of place. */
function moved(shares: readonly { readonly share: number; readonly count: number }[]): number {
  const log = shares.reduce((sum, { share, count }) => sum + count * Math.log1p(-Math.min(share, 1)), 0);
  return -Math.expm1(log * (1 + slack(shares.length))) * (1 + slack(shares.length));
}

/** How much of the box Π [−λᵢ, λᵢ] a change moves out of place, rounded up; 1 where a coordinate of half-width 0 changes. @internal */
export function movedOut(change: ArrayLike<number>, halfWidthAt: (coordinate: number) => number): number {
  const shares = Array.from(change, (delta, i) => {
    const size = Math.abs(delta);
    return { share: size === 0 ? 0 : size / (2 * halfWidthAt(i)), count: 1 };
  });
  return shares.some(({ share }) => !(share < 1)) ? 1 : moved(shares);
}

/**
 * Radius within which less than `excess` of the box Π [−λᵢ, λᵢ] moves out of place, rounded down; 0 where a half-width is 0.
 *
 * ℓ1: 2 excess min λ, by one axis. ℓ∞: the root of 1 − Π(1 − r/2λᵢ) = excess. ℓ2: the worst change has δᵢ(2λᵢ − δᵢ) = c in every coordinate, so
 * δᵢ = λᵢ − √(λᵢ² − c), as −ln of what stays is concave in δᵢ² while δᵢ ≤ λᵢ, and beyond that half of the box is gone; c is where it moves `excess`. All
 * three are tight.
 *
 * @param excess - p − 1/2, below 1/2
 * @internal
 */
export function boxRadius(excess: number, norm: LengthNorm, groups: readonly ScaleGroup[]): number {
  const least = Math.min(...groups.map(({ scale }) => scale));
  if (!(excess > 0) || least === 0) return 0;
  if (norm === 'l1') return 2 * excess * least * ROUND_DOWN;
  // In units of the least half-width, where the solution is below 1.
  const units = groups.map(({ scale, count }) => ({ width: scale / least, count }));
  const shiftAt = (c: number, width: number): number => c / (width + Math.sqrt(width * width - c));
  const holds = (r: number): boolean => {
    if (r > 1) return false;
    const shares = units.map(({ width, count }) => {
      return { share: (norm === 'linf' ? r : shiftAt(r, width)) / (2 * width), count };
    });
    return moved(shares) < excess;
  };
  const found = largestThatHolds(holds, 0);
  if (norm === 'linf') return found * least * ROUND_DOWN;
  const squares = units.reduce((sum, { width, count }) => sum + count * shiftAt(found, width) ** 2, 0);
  return Math.sqrt(squares) * least * ROUND_DOWN * (1 - slack(units.length));
}
