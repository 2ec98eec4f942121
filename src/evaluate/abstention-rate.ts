import { checkRows } from './certified-outcome.ts';
import type { CertifiedOutcome } from './certified-outcome.ts';

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
