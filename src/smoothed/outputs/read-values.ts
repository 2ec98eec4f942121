import { type Piece, type PieceReader, piecesOf } from '../piece-reader.ts';
import { type RowSource, rowsReader } from '../read-rows.ts';

/** The rows of some samples. @internal */
export interface ValuesPiece extends Piece {
  /** drawn · size numbers. */
  readonly values: Float32Array;
  /** Rows that could not be drawn, as indices of the piece: their numbers are void. */
  readonly failed: readonly number[];
}

/** Reads rows as they are. @internal */
export function valuesReader(source: RowSource, call: string, run: object = {}): PieceReader<ValuesPiece, unknown> {
  const reader = rowsReader(source, call, run);
  return {
    read: async (ranges) => {
      const { values, failed } = await reader.rows(ranges);
      const { size } = source.layout;
      let begin = 0;
      return piecesOf(ranges).map((drawn) => {
        const first = begin;
        begin += drawn;
        const inPiece = [...failed].filter((row) => row >= first && row < begin).map((row) => row - first);
        return { drawn, values: values.subarray(first * size, begin * size), failed: inPiece };
      });
    },
    mostAtOnce: () => 1,
  };
}
