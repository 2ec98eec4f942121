import { OptionError } from '../errors.ts';
import { checkRows } from './certified-outcome.ts';
import type { LoggedRow } from './logged-row.ts';

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
    throw new OptionError(`\`rows\` must have certificates, got none in row ${i}`, {
      call,
      field: 'rows',
      value: rows,
    });
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
