import { parseDatasetSelection } from '../evaluate/certify-dataset.ts';

/** A part of a run over a data set, to be done on its own: of the chosen examples, those at positions index, index + count, ... */
export interface Shard {
  /** Which part, from 0. */
  readonly index: number;
  /** Into how many parts the run is cut. */
  readonly count: number;
}

/** Which examples of a data set a run takes. */
export interface DatasetSelection {
  /**
   * Index of the first example.
   * @defaultValue 0
   */
  readonly start?: number;
  /**
   * Take every `skip`-th example.
   * @defaultValue 1
   */
  readonly skip?: number;
  /**
   * Take at most so many examples, over all shards.
   * @defaultValue no limit
   */
  readonly max?: number;
  /**
   * Take only a part of them.
   * @defaultValue { index: 0, count: 1 }, all
   */
  readonly shard?: Shard;
}

/** Indices of the examples that a selection chooses of a data set, in their order. @internal */
export function* selectedIndices(size: number, selection: DatasetSelection): Generator<number, void, undefined> {
  const { start, skip, max, shard } = parseDatasetSelection('selectedIndices', selection);
  for (let position = shard.index; position < max; position += shard.count) {
    const index = start + skip * position;
    if (index >= size) return;
    yield index;
  }
}
