import { describe, expect, it } from 'vitest';
import {
  bandCopies,
  bandHits,
  type BandKind,
  bandStarts,
  type ImageBands,
  largestSquare,
  patchHits,
  voteMargin,
} from '../../src/noise/band-geometry.ts';
import { axisMasks, coversPatches, doubleMasking, type MaskedAnswer } from '../../src/noise/double-masks.ts';
import { goldenFamily } from './golden-family.ts';

const golden = goldenFamily<Golden>('discrete-patch');

interface Geometry {
  readonly height: number;
  readonly width: number;
  readonly kind: BandKind;
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly wrap: boolean;
}

interface Golden {
  readonly intervals: readonly { axis: number; size: number; stride: number; wrap: boolean; patch: number; starts: number[]; copies: number; delta: number }[]; // prettier-ignore
  readonly geometries: readonly (Geometry & { patch: [number, number]; copies: number; delta: number })[];
  readonly certificates: readonly (Geometry & { note: string; votes: number[][]; patches: [number, number][]; counts: number[]; label: number; delta: number; margin: number; certified: boolean; largestSquare: number })[]; // prettier-ignore
  readonly doubleMaskingAxes: readonly { axis: number; patch: number; masks: number; maskSize: number; starts: number[] }[]; // prettier-ignore
  readonly doubleMaskingTables: readonly { table: number[][]; label: number; certified: boolean }[];
}

const bandsOf = ({ height, width, kind, size, stride, wrap }: Geometry): ImageBands => ({
  keep: kind,
  rows: { axis: height, size: size[0], stride: stride[0], wrap },
  columns: { axis: width, size: size[1], stride: stride[1], wrap },
});

/** Asks a table, which is told of every pair. */
function answerOf(table: readonly (readonly number[])[], certifies: boolean): MaskedAnswer {
  const asking = doubleMasking(table.length, certifies);
  let question = asking.next();
  while (!question.done) question = asking.next(question.value.pairs.map(([i, j]) => table[i]![j]!));
  return question.value;
}

describe('golden rows of patches', () => {
  it.each(golden.intervals)('$axis cells, $size every $stride, wrap $wrap, patch $patch: $delta', (row) => {
    expect(bandStarts(row)).toEqual(row.starts);
    expect(bandHits(row, row.patch)).toBe(row.delta);
  });

  it.each(golden.geometries)('$height × $width, $kind, patch $patch: $delta of $copies', (row) => {
    expect(bandCopies(bandsOf(row))).toBe(row.copies);
    expect(patchHits(bandsOf(row), row.patch)).toBe(row.delta);
  });

  it.each(golden.certificates)('$note', (row) => {
    const bands = bandsOf(row);
    const hits = row.patches.reduce((sum, patch) => sum + patchHits(bands, patch), 0);
    expect(hits).toBe(row.delta);
    expect(voteMargin(row.counts, row.label, hits)).toBe(row.margin);
    expect(row.margin >= 0).toBe(row.certified);
    const most = Math.min(row.height, row.width);
    const square = largestSquare(most, (side) => patchHits(bands, [side, side]), row.counts, row.label);
    expect(square).toBe(row.largestSquare);
  });

  it.each(golden.doubleMaskingAxes)('$axis cells, patch $patch, $masks masks: $starts', (row) => {
    const masks = axisMasks(row.axis, row.patch, row.masks);
    expect(masks).toEqual({ size: row.maskSize, starts: row.starts });
    expect(coversPatches(row.axis, row.patch, masks)).toBe(true);
  });

  it.each(golden.doubleMaskingTables)('a table of pairs of masks: class $label, certified $certified', (row) => {
    expect(answerOf(row.table, true)).toEqual({ label: row.label, certified: row.certified });
    expect(answerOf(row.table, false).label).toBe(row.label);
  });
});

it('the masks of every axis below 60 cells cover every place of every patch', () => {
  for (let axis = 1; axis < 60; axis++)
    for (let patch = 1; patch <= axis; patch++)
      for (let masks = 1; masks <= axis; masks++) {
        const made = axisMasks(axis, patch, masks);
        if (made.starts.length > masks || !coversPatches(axis, patch, made))
          expect([axis, patch, masks]).toBe('covered');
      }
});

it('a stride that does not divide the axis: the published formula would certify a vote that a patch turns', () => {
  const bands: ImageBands = {
    keep: 'columns',
    rows: { axis: 32, size: 32, stride: 1, wrap: true },
    columns: { axis: 32, size: 4, stride: 5, wrap: true },
  };
  expect(bandCopies(bands)).toBe(7);
  expect(Math.ceil((5 + 4 - 1) / 5)).toBe(2); // 6 - 1 ≥ 2 · 2 + 1
  expect(patchHits(bands, [5, 5])).toBe(3); // copies at 0, 5 and 30
  expect(voteMargin([6, 1], 0, 3)).toBe(-1);
});
