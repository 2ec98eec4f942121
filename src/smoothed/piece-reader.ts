import type { SampleRange } from './noisy-copies.ts';

/** What was read of some samples of one example, one after the other. @internal */
export interface Piece {
  /** Number of samples, those that could not be drawn among them. */
  readonly drawn: number;
}

/** A range that is read piece by piece: its first `first` copies, and then every `every` copies. @internal */
export interface ReadRange<Ask = undefined> extends SampleRange {
  readonly first: number;
  readonly every: number;
  /** What its example wants to know of them. */
  readonly ask: Ask;
}

/** Makes forward passes over noisy copies and reads of each piece what the certificates rest on. @internal */
export interface PieceReader<P extends Piece, Ask = undefined> {
  /** One forward pass over all ranges: their pieces, in their order. A rejection may be awaited late. */
  readonly read: (ranges: readonly ReadRange<Ask>[]) => Promise<readonly P[]>;
  /** So many batches may be read at once: more than one only where a device reads them, which works meanwhile. */
  readonly mostAtOnce: () => number;
}

/** Sizes of all pieces, in their order. @internal */
export function piecesOf(ranges: readonly Pick<ReadRange, 'count' | 'first' | 'every'>[]): number[] {
  return ranges.flatMap(({ count, first, every }) => {
    const sizes = [Math.min(first, count)];
    for (let left = count - first; left > 0; left -= every) sizes.push(Math.min(every, left));
    return sizes;
  });
}
