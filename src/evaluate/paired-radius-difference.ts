import { OptionError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { meanInterval } from '../stats/mean-interval.ts';
import { type CertifiedOutcome, checkRows, creditedRadius } from './rows.ts';

const CALL = 'pairedRadiusDifference';

/** Options of {@link pairedRadiusDifference}. */
export interface PairedRadiusDifferenceOptions {
  /**
   * Confidence level of the interval, in (0, 1).
   *
   * @defaultValue 0.95
   */
  readonly level?: number | undefined;
}

/** A confidence level has the domain of predict's `alpha`. */
const pairedRadiusDifferenceOptions = optionsOf<PairedRadiusDifferenceOptions>()({
  level: fields.withDefault(fields.openFraction, 0.95),
});

/** Difference in average certified radius between two methods, with its confidence interval. */
export interface PairedRadiusDifference {
  /** Average certified radius of the first method minus that of the second. */
  readonly mean: number;
  /** Lower end of the interval. */
  readonly low: number;
  /** Upper end of the interval. */
  readonly high: number;
  /** Confidence level of the interval. */
  readonly level: number;
}

/** What a row must hold to be paired: the whole of a `CertifiedRow` fits. */
export type PairedRow = Pick<CertifiedOutcome, 'index' | 'label' | 'correct' | 'radius'>;

/**
 * Compares two methods on the same images: the difference in average certified radius, first minus second, with its
 * interval.
 *
 * mean ± t · s/√m over d_i = correctA·radiusA − correctB·radiusB of the m images. Pairing removes the spread between
 * easy and hard images, so the interval is much narrower than for separate samples. It covers the choice of images,
 * not the randomness of training. Rows are paired by `index`, in any order.
 *
 * @param rowsA - One row for each image, first method.
 * @param rowsB - One row for each of the same images, second method.
 * @throws OptionError if there are fewer than two rows, the rows are not of the same images, or the level is
 * outside (0, 1).
 * @example
 * ```ts
 * const { mean, low, high } = pairedRadiusDifference(catrsRows, gaussianRows);
 * ```
 */
export function pairedRadiusDifference(
  rowsA: readonly PairedRow[],
  rowsB: readonly PairedRow[],
  options: PairedRadiusDifferenceOptions = {},
): PairedRadiusDifference {
  const { level } = pairedRadiusDifferenceOptions.parse(CALL, options);
  checkRows(CALL, 'rowsA', rowsA);
  checkRows(CALL, 'rowsB', rowsB);
  const ofB = byIndex('rowsB', rowsB);
  for (const index of byIndex('rowsA', rowsA).keys()) {
    if (ofB.has(index)) continue;
    throw wrong('rowsB', rowsB, 'must hold the same images as `rowsA`', `no row with index ${index}`);
  }
  if (rowsB.length !== rowsA.length) {
    throw wrong('rowsB', rowsB, `must hold the same ${rowsA.length} images as \`rowsA\``, `${rowsB.length} rows`);
  }
  if (rowsA.length < 2) throw wrong('rowsA', rowsA, 'must hold at least 2 rows', '1');
  const differences = rowsA.map((a) => difference(a, ofB.get(a.index) as PairedRow));
  return { ...meanInterval(differences, level), level };
}

function byIndex(field: string, rows: readonly PairedRow[]): Map<number, PairedRow> {
  const found = new Map<number, PairedRow>();
  for (const row of rows) {
    if (found.has(row.index)) throw wrong(field, rows, 'must hold each image once', `index ${row.index} twice`);
    found.set(row.index, row);
  }
  return found;
}

function difference(a: PairedRow, b: PairedRow): number {
  if (a.label !== b.label) {
    const got = `label ${showValue(b.label)} for index ${b.index}, which is ${showValue(a.label)} in \`rowsA\``;
    throw wrong('rowsB', b.label, 'must be of the same data set as `rowsA`', got);
  }
  return creditedRadius(a) - creditedRadius(b);
}

function wrong(field: string, value: unknown, must: string, got: string): OptionError {
  return refusal(OptionError, { call: CALL, field, value, got }, must);
}
