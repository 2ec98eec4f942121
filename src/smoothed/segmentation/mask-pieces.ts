import { type Piece, piecesOf, type ReadRange } from '../piece-reader.ts';
import { softmaxOfRow } from './classify-row.ts';
import type { MaskLayout } from './mask-layout.ts';
import type { RowClasses } from './row-classes.ts';

/** Which classes count as a hit of a component: those at the places low .. high of an order; without an order the class low itself. @internal */
export interface ChosenClasses {
  /** First place of each component. */
  readonly low: Int32Array;
  /** Last place of each component, and the place of each class; absent where each component has one class. */
  readonly ranges?: { readonly high: Int32Array; readonly order: Int32Array } | undefined;
}

/** What is asked of a batch: the class of each component in each copy (and the softmax), or how many copies hit. @internal */
export type MaskAsk =
  { readonly kind: 'labels'; readonly softmax: boolean } | { readonly kind: 'hits'; readonly chosen: ChosenClasses };

/** What was read of some copies. @internal */
export interface MaskPiece extends Piece {
  /** Shape of a mask. */
  readonly shape: readonly number[];
  /** Copies that could not be drawn. */
  readonly failed: number;
  /** Asked for labels: those of each copy that could be drawn, row after row. */
  readonly labels?: Int32Array | undefined;
  /** Asked for the softmax too: its sum over these copies, component after component. */
  readonly softmax?: Float32Array | undefined;
  /** Asked for hits: how many copies hit, for each component. */
  readonly hits?: Int32Array | undefined;
}

/** Copies of one example in a batch. @internal */
export type MaskRange = ReadRange<MaskAsk>;

/** A piece of a batch. */
interface PlacedPiece {
  /** Its first row. */
  readonly begin: number;
  readonly drawn: number;
  readonly ask: MaskAsk;
}

/** Goes through the pieces of a batch, in their order. @internal */
export function forEachPiece(ranges: readonly MaskRange[], work: (piece: PlacedPiece) => void): void {
  let begin = 0;
  for (const range of ranges) {
    for (const drawn of piecesOf([range])) {
      work({ begin, drawn, ask: range.ask });
      begin += drawn;
    }
  }
}

/** 1 for each copy that could be drawn, 0 for the others. @internal */
export function votersOf(begin: number, drawn: number, failed: ReadonlySet<number>): Float32Array {
  return Float32Array.from({ length: drawn }, (_, row) => (failed.has(begin + row) ? 0 : 1));
}

/** Counts classes row by row. @internal */
export function piecesOfRows(
  layout: MaskLayout,
  rows: RowClasses,
  { ranges, failed }: { readonly ranges: readonly MaskRange[]; readonly failed: ReadonlySet<number> },
): readonly MaskPiece[] {
  const { shape, components, channels } = layout;
  const pieces: MaskPiece[] = [];
  forEachPiece(ranges, ({ begin, drawn, ask }) => {
    const voters = votersOf(begin, drawn, failed);
    const missing = voters.reduce((count, voter) => count + 1 - voter, 0);
    if (ask.kind === 'hits') {
      const hits = new Int32Array(components);
      for (let row = 0; row < drawn; row++) {
        const classes = rows.classes(begin + row);
        if (voters[row] === 1) addHits(hits, classes, ask.chosen);
      }
      return void pieces.push({ drawn, shape, failed: missing, hits });
    }
    const labels = new Int32Array((drawn - missing) * components);
    const softmax = ask.softmax ? new Float32Array(components * channels) : undefined;
    for (let row = 0, voter = 0; row < drawn; row++) {
      const classes = rows.classes(begin + row);
      if (voters[row] !== 1) continue;
      labels.set(classes, components * voter++);
      if (softmax) softmaxOfRow(layout, rows.logits(begin + row), softmax);
    }
    pieces.push({ drawn, shape, failed: missing, labels, softmax });
  });
  return pieces;
}

/** Adds 1 where the class of a component is one of those chosen. */
function addHits(hits: Int32Array, classes: Int32Array, { low, ranges }: ChosenClasses): void {
  if (ranges === undefined) {
    for (let i = 0; i < hits.length; i++) if (classes[i] === low[i]) hits[i]!++;
    return;
  }
  const { order, high } = ranges;
  for (let i = 0; i < hits.length; i++) {
    const place = order[classes[i] as number] as number;
    if (place >= (low[i] as number) && place <= (high[i] as number)) hits[i]!++;
  }
}
