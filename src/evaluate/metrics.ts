import { OptionError, refusal } from '../errors.ts';
import { type CertifiedOutcome, checkRows, creditedRadius, type LoggedRow } from './rows.ts';

/** One point of a certified accuracy curve. */
export interface CertifiedAccuracyPoint {
  /** Radius, in input units or in changes. */
  readonly radius: number;
  /** Share of images that are correct and certified at least to `radius`. */
  readonly accuracy: number;
}

/**
 * Certified accuracy at each of `radii`: the share of images that are correct and certified at least to that radius.
 *
 * accuracy(r) = mean over images of 1[correct and radius ≥ r]. Abstentions count as wrong. At r = 0 it is the
 * accuracy of the smoothed classifier. In a norm that counts changes it is the share that holds under at most r of them.
 *
 * @param rows - One row for each image.
 * @param radii - Radii of at least 0, in input units or in changes, in any order.
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

function checkRadii(call: string, radii: readonly number[]): void {
  const wrong = radii.find((r) => !(r >= 0));
  if (wrong === undefined) return;
  throw refusal(OptionError, { call, field: 'radii', value: wrong }, 'must be numbers of at least 0');
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

/**
 * Average certified radius: the mean over all images of the radius, counting wrong answers and abstentions as 0.
 *
 * ACR = mean(correct · radius), in input units. Do not rank methods by it: easy images dominate it, and it grows with n
 * without bound for a classifier that always gives the same answer. Report {@link certifiedAccuracy} at several radii and
 * {@link probabilityDistribution}.
 *
 * @param rows - One row for each image.
 * @throws OptionError if there is no row or a radius is negative or NaN.
 * @see Zhai et al., "MACER", ICLR 2020 (the metric); Sun et al., "Average Certified Radius is a Poor Metric for
 * Randomized Smoothing", ICML 2025 (its limits)
 */
export function averageCertifiedRadius(rows: readonly Pick<CertifiedOutcome, 'correct' | 'radius'>[]): number {
  checkRows('averageCertifiedRadius', 'rows', rows);
  return rows.reduce((sum, row) => sum + creditedRadius(row), 0) / rows.length;
}

/**
 * Median certified radius: the largest radius at which the certified accuracy is at least 1/2; undefined where it is less even at radius 0.
 *
 * @param rows - One row for each image.
 * @throws OptionError if there is no row or a radius is negative or NaN.
 * @see Levine and Feizi, "Robustness Certificates for Sparse Adversarial Attacks by Randomized Ablation", AAAI 2020 (median certified
 * robustness)
 */
export function medianCertifiedRadius(
  rows: readonly Pick<CertifiedOutcome, 'correct' | 'radius'>[],
): number | undefined {
  checkRows('medianCertifiedRadius', 'rows', rows);
  const radii = rows.filter(({ correct }) => correct).map(({ radius }) => radius);
  radii.sort((a, b) => b - a);
  return radii[Math.ceil(rows.length / 2) - 1];
}

/**
 * Share of images for which the certifier declined to answer.
 *
 * @param rows - One row for each image.
 * @throws OptionError if there is no row or a radius is negative or NaN.
 */
export function abstentionRate(rows: readonly Pick<CertifiedOutcome, 'abstained' | 'radius'>[]): number {
  checkRows('abstentionRate', 'rows', rows);
  return rows.filter(({ abstained }) => abstained).length / rows.length;
}

/**
 * Mean number of noisy copies per image, selection and estimation together: mean of n0 + nUsed.
 *
 * @param rows - One row for each image, with its certificate.
 * @throws OptionError if there is no row, one has no certificate, or a radius is negative or NaN.
 */
export function meanSamples(rows: readonly Pick<LoggedRow, 'radius' | 'certificate'>[]): number {
  const call = 'meanSamples';
  checkRows(call, 'rows', rows);
  const drawn = rows.map(({ certificate }, i) => {
    if (certificate) return certificate.n0 + certificate.nUsed;
    const details = { call, field: 'rows', value: rows, got: `none in row ${i}` };
    throw refusal(OptionError, details, 'must have certificates');
  });
  return drawn.reduce((sum, samples) => sum + samples, 0) / rows.length;
}

/**
 * Mean time per image, in milliseconds.
 *
 * @param rows - One row for each image.
 * @throws OptionError if there is no row, or a radius is negative or NaN.
 */
export function meanMilliseconds(rows: readonly Pick<LoggedRow, 'radius' | 'milliseconds'>[]): number {
  checkRows('meanMilliseconds', 'rows', rows);
  return rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / rows.length;
}
