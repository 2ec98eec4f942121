import { OptionError, refusal } from '../errors.ts';
import type { ConformalInterval } from '../smoothed/conformal/set-certificate.ts';

/** A set of labels and the true one. */
export interface LabelSetRow {
  /** The set. */
  readonly labels: readonly number[];
  /** The true label. */
  readonly label: number;
}

/** How often sets hold the true label, and how large they are. */
export interface SetCoverage {
  /** Number of rows. */
  readonly examples: number;
  /** Share of the sets that hold the true label. */
  readonly coverage: number;
  /** Mean number of labels. */
  readonly meanSize: number;
  /** Share of the sets without a label. */
  readonly empty: number;
  /** Share of the sets with every label; null where the number of classes is not given. */
  readonly full: number | null;
}

/**
 * How often sets hold the true label, and how large they are.
 *
 * It is a share of these rows: with m of them, the coverage in truth may differ by a few √(0.09/m) at 0.9.
 *
 * @param rows - sets with the true labels
 * @param numClasses - number of classes, for the share of sets with all of them
 * @throws OptionError for no rows
 */
export function setCoverage(rows: readonly LabelSetRow[], numClasses?: number): SetCoverage {
  assertRows('setCoverage', rows);
  const share = (holds: (row: LabelSetRow) => boolean): number => rows.filter(holds).length / rows.length;
  return {
    examples: rows.length,
    coverage: share(({ labels, label }) => labels.includes(label)),
    meanSize: rows.reduce((sum, { labels }) => sum + labels.length, 0) / rows.length,
    empty: share(({ labels }) => labels.length === 0),
    full: numClasses === undefined ? null : share(({ labels }) => labels.length === numClasses),
  };
}

/** Intervals of one example and the true values. */
export interface IntervalRow {
  /** One interval for each value. */
  readonly intervals: readonly ConformalInterval[];
  /** The true value, or one for each interval. */
  readonly target: number | readonly number[];
}

/** How often intervals hold the true values, and how wide they are. */
export interface IntervalCoverage {
  /** Number of rows. */
  readonly examples: number;
  /** Share of the rows of which every interval holds its value. */
  readonly coverage: number;
  /** Mean width of the intervals with two ends; null where there is none. */
  readonly meanWidth: number | null;
  /** Share of the rows with an interval without an end. */
  readonly unbounded: number;
}

/**
 * How often intervals hold the true values, and how wide they are.
 *
 * @throws OptionError for no rows
 */
export function intervalCoverage(rows: readonly IntervalRow[]): IntervalCoverage {
  assertRows('intervalCoverage', rows);
  const share = (holds: (row: IntervalRow) => boolean): number => rows.filter(holds).length / rows.length;
  const widths = rows.flatMap(({ intervals }) =>
    intervals.flatMap(({ lower, upper }) => (lower === null || upper === null ? [] : [upper - lower])),
  );
  return {
    examples: rows.length,
    coverage: share(isCovered),
    meanWidth: widths.length === 0 ? null : widths.reduce((sum, width) => sum + width, 0) / widths.length,
    unbounded: share(({ intervals }) => intervals.some(({ lower, upper }) => lower === null || upper === null)),
  };
}

function isCovered({ intervals, target }: IntervalRow): boolean {
  const values = typeof target === 'number' ? [target] : target;
  return intervals.every(({ lower, upper }, k) => {
    const value = values[k] ?? NaN;
    return value >= (lower ?? -Infinity) && value <= (upper ?? Infinity);
  });
}

function assertRows(call: string, rows: readonly unknown[]): void {
  if (rows.length > 0) return;
  throw refusal(OptionError, { call, field: 'rows', value: rows }, 'must hold at least one row');
}
