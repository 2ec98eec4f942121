/**
 * What the official radii, certified with n = 100 000, would be with our number of noisy copies.
 */
import { type CertifiedOutcome, GaussianNoise } from 'catrs';
import { clopperPearsonLowerBound } from 'catrs/stats';
import type { Setup } from './certified-log.ts';

/** Noisy copies for each image of the official logs. */
export const OFFICIAL_N = 100_000;

/** The largest radius that n unanimous votes give. */
export function largestRadius(setup: Setup): number {
  return radiusOfCount(setup.n, setup);
}

/** The rows with no radius above the largest one that our n allows. */
export function cappedRows<Row extends CertifiedOutcome>(rows: readonly Row[], setup: Setup): Row[] {
  const cap = largestRadius(setup);
  return rows.map((row) => ({ ...row, radius: Math.min(row.radius, cap) }));
}

/**
 * The rows as n of our certificates would have given them on average: each radius goes back to the count of votes that it came from, the
 * count is scaled to our n, and the radius is that of the scaled count; below 1/2 it is an abstention.
 *
 * Officially abstained rows stay so: their counts are not in the log. The logs have three digits, so a count is known to within what
 * changes the radius by 0.0005, and so is the result, but for the few radii where less than one count lies between two digits.
 */
export function rowsAtOurN<Row extends CertifiedOutcome>(rows: readonly Row[], setup: Setup): Row[] {
  const known = new Map<number, number>();
  return rows.map((row) => {
    if (row.abstained) return row;
    const radius = known.get(row.radius) ?? scaledRadius(row.radius, setup);
    known.set(row.radius, radius);
    return radius > 0 ? { ...row, radius } : { ...row, radius: 0, predicted: -1, correct: false, abstained: true };
  });
}

/** The count out of `n` whose radius is nearest. */
export function countOfRadius(radius: number, setup: Setup): number {
  let [below, above] = [0, setup.n];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (radiusOfCount(middle, setup) < radius) below = middle;
    else above = middle;
  }
  const distance = (count: number): number => Math.abs(radiusOfCount(count, setup) - radius);
  return distance(below) < distance(above) ? below : above;
}

/** A radius with n = 100 000 as it would be with our n. */
export function scaledRadius(radius: number, setup: Setup): number {
  const count = (countOfRadius(radius, { ...setup, n: OFFICIAL_N }) * setup.n) / OFFICIAL_N;
  const [floor, ceil] = [Math.floor(count), Math.ceil(count)];
  const low = radiusOfCount(floor, setup);
  return low + (count - floor) * (radiusOfCount(ceil, setup) - low);
}

function radiusOfCount(count: number, { sigma, n, alpha, dimension }: Setup): number {
  const bound = clopperPearsonLowerBound(count, n, alpha);
  if (bound.p <= 0.5) return 0;
  return new GaussianNoise({ sigma }).radius(bound, { norm: 'l2', dimension });
}
