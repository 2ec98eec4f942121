import { checkRows } from './certified-outcome.ts';
import type { CertifiedOutcome } from './certified-outcome.ts';

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

/** The radius that counts for an image: 0 unless the answer is correct. @internal */
export function creditedRadius({ correct, radius }: Pick<CertifiedOutcome, 'correct' | 'radius'>): number {
  return correct ? radius : 0;
}
