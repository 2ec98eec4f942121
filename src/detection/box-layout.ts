import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';

/** Numbers of one slot: the corners x1, y1, x2 and y2, the label and the score. */
export const SLOT_SIZE = 6;

/** Which boxes share the slots of a bin: all, those of one label, those with their centre in one cell of a grid, or both. */
export type BoxBins = 'none' | 'label' | 'cell' | 'label and cell';

/** In which order boxes get the slots of their bin: by descending score, or by the centre, from left to right and then from top to bottom. */
export type BoxSort = 'score' | 'center';

/**
 * What the numbers of a row of boxes are, as a certificate records it: a plain JSON value.
 *
 * Slot s has the numbers 6s .. 6s + 5. The slots stand bin after bin, slots / bins each: label after label as in `labels`, within a label cell after cell, row by row.
 */
export interface BoxLayout {
  /** Number of slots of all bins. */
  readonly slots: number;
  /** Which boxes share a bin. */
  readonly bins: BoxBins;
  /** Which of them comes first. */
  readonly sort: BoxSort;
  /** The labels that are looked at; null: all. */
  readonly labels: readonly number[] | null;
  /** Rows and columns of the grid, where bins are cells. */
  readonly cells: readonly [rows: number, columns: number] | null;
  /** Boxes with this score or a lower one are no boxes. */
  readonly threshold: number;
  /** Greatest overlap of two boxes of one label (see `nonMaxSuppression`); null: any. */
  readonly overlap: number | null;
  /** Whether a last number is 1 where a box found no slot in its bin, and else 0. */
  readonly beyond: boolean;
}

/** Numbers in a row. @internal */
export function rowSizeOf({ slots, beyond }: BoxLayout): number {
  return SLOT_SIZE * slots + (beyond ? 1 : 0);
}

/** Number of bins of a layout. @internal */
export function binsOf({ bins, labels, cells }: Pick<BoxLayout, 'bins' | 'labels' | 'cells'>): number {
  const [rows, columns] = cells ?? [1, 1];
  return (bins.includes('label') ? (labels?.length ?? 1) : 1) * (bins.includes('cell') ? rows * columns : 1);
}

/** The label of the boxes in a slot, where its bin says it. @internal */
export function labelOfSlot({ slots, bins, labels }: BoxLayout, slot: number): number | undefined {
  if (labels === null || !bins.includes('label')) return undefined;
  return labels[Math.floor((slot * labels.length) / slots)];
}

/** @internal */
export const boxBins: fields.Field<BoxBins> = fields.oneOf('none', 'label', 'cell', 'label and cell');
/** @internal */
export const boxSort: fields.Field<BoxSort> = fields.oneOf('score', 'center');
/** @internal */
export const gridCells: fields.Field<readonly [rows: number, columns: number]> = fields.field(
  'must be [rows, columns] of a grid, two integers of at least 1',
  (v) => Array.isArray(v) && v.length === 2 && v.every((count) => fields.isInteger(count, 1, 2 ** 16)),
);

/** Different whole numbers of at least 0, at least one. @internal */
export function areLabels(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((label) => fields.isInteger(label, 0, 2 ** 24)) &&
    new Set(value).size === value.length
  );
}

/** The form of a layout that a certificate has. @internal */
export const boxLayoutField: fields.Field<BoxLayout> = fields.field(
  'must be { slots, bins, sort, labels, cells, threshold, overlap, beyond } of boxes in slots',
  isBoxLayout,
);

function isBoxLayout(value: unknown): value is BoxLayout {
  if (typeof value !== 'object' || value === null) return false;
  const { slots, bins, sort, labels, cells, threshold, overlap, beyond, ...others } = value as Readonly<
    Record<string, unknown>
  >;
  return (
    Object.keys(others).length === 0 &&
    fields.isInteger(slots, 1, 2 ** 31) &&
    boxBins.safeParse(bins).success &&
    boxSort.safeParse(sort).success &&
    (labels === null || areLabels(labels)) &&
    (cells === null || gridCells.safeParse(cells).success) &&
    fields.isFiniteNumber(threshold) &&
    (overlap === null || (fields.isFiniteNumber(overlap) && overlap >= 0 && overlap <= 1)) &&
    typeof beyond === 'boolean' &&
    (labels !== null || !(bins as string).includes('label')) &&
    (bins as string).includes('cell') === (cells !== null) &&
    (slots as number) % binsOf(value as BoxLayout) === 0
  );
}

/** Throws OptionError unless each bin can have the same number of slots. @internal */
export function assertBoxLayout(call: string, layout: BoxLayout): void {
  const { slots, bins, labels, cells } = layout;
  if (bins.includes('label') && labels === null) {
    const way = 'bins must be known before: `labels: 80` for 0 .. 79, or a list';
    throw refusal(
      OptionError,
      { call, field: 'labels', value: labels, got: 'none', way },
      'must say which labels have bins',
    );
  }
  if (bins.includes('cell') !== (cells !== null)) {
    const must = bins.includes('cell')
      ? 'must say how many cells there are'
      : 'must be left out where bins are no cells';
    throw refusal(
      OptionError,
      { call, field: 'cells', value: cells, got: cells ? `[${cells.join(', ')}]` : 'none' },
      must,
    );
  }
  const count = binsOf(layout);
  if (slots % count === 0) return;
  throw refusal(
    OptionError,
    { call, field: 'slots', value: slots },
    `must be a multiple of the number of bins, ${count}`,
  );
}
