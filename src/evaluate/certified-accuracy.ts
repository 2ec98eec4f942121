import { OptionError, showValue } from '../errors.ts';
import { checkRows } from './certified-outcome.ts';
import type { CertifiedOutcome } from './certified-outcome.ts';

/** One point of a certified accuracy curve. */
export interface CertifiedAccuracyPoint {
  /** Radius, in input units. */
  readonly radius: number;
  /** Share of images that are correct and certified at least to `radius`. */
  readonly accuracy: number;
}

/**
 * Certified accuracy at each of `radii`: the share of images that are correct and certified at least to that radius.
 *
 * accuracy(r) = mean over images of 1[correct and radius ≥ r]. Abstentions count as wrong. At r = 0 it is the
 * accuracy of the smoothed classifier.
 *
 * @param rows - One row for each image.
 * @param radii - Radii of at least 0, in input units, in any order.
 * @throws OptionError if there is no row or a radius is negative or NaN.
 * @example
 * ```ts
 * certifiedAccuracy(rows, [0, 0.25, 0.5]); // [0.98, 0.95, 0.89]
 * ```
 * @see Cohen, Rosenfeld and Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019, section 4
 * (approximate certified accuracy)
 */
export function certifiedAccuracy(
  rows: readonly Pick<CertifiedOutcome, 'correct' | 'radius'>[],
  radii: readonly number[],
): number[] {
  return accuracyAt('certifiedAccuracy', rows, radii);
}

/** @internal */
export function accuracyAt(
  call: string,
  rows: readonly Pick<CertifiedOutcome, 'correct' | 'radius'>[],
  radii: readonly number[],
): number[] {
  checkRows(call, 'rows', rows);
  checkRadii(call, radii);
  return radii.map((r) => rows.filter(({ correct, radius }) => correct && radius >= r).length / rows.length);
}

/**
 * The whole curve of certified accuracy against radius, as its corners.
 *
 * The curve is a staircase that only falls. The points are radius 0 and each distinct radius of a correct image,
 * ascending, each with the accuracy at exactly that radius; the accuracy between two points is that of the right one,
 * and 0 beyond the last.
 *
 * @param rows - One row for each image.
 * @throws OptionError if there is no row or a radius is negative or NaN.
 */
export function certifiedAccuracyCurve(
  rows: readonly Pick<CertifiedOutcome, 'correct' | 'radius'>[],
): CertifiedAccuracyPoint[] {
  checkRows('certifiedAccuracyCurve', 'rows', rows);
  const radii = rows.filter(({ correct }) => correct).map(({ radius }) => radius);
  radii.sort((a, b) => a - b);
  const corners = radii.flatMap((radius, below) =>
    radius === 0 || radius === radii[below - 1] ? [] : [{ radius, accuracy: (radii.length - below) / rows.length }],
  );
  return [{ radius: 0, accuracy: radii.length / rows.length }, ...corners];
}

function checkRadii(call: string, radii: readonly number[]): void {
  const wrong = radii.find((r) => !(r >= 0));
  if (wrong === undefined) return;
  throw new OptionError(`\`radii\` must be numbers of at least 0, got ${showValue(wrong)}`, {
    call,
    field: 'radii',
    value: wrong,
  });
}
