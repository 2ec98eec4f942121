import * as fields from '../options/fields.ts';
import { type NestedField, optionsOf, type WithDefaults } from '../options/parse.ts';

/** What every run over a data set takes beside its own options. */
export interface DatasetRunOptions {
  /**
   * Which examples.
   * @defaultValue all of them
   */
  readonly select?: DatasetSelection | undefined;
}

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
  readonly start?: number | undefined;
  /**
   * Take every `skip`-th example.
   * @defaultValue 1
   */
  readonly skip?: number | undefined;
  /**
   * Take at most so many examples, over all shards.
   * @defaultValue no limit
   */
  readonly max?: number | undefined;
  /**
   * Take only a part of them.
   * @defaultValue { index: 0, count: 1 }, all
   */
  readonly shard?: Shard | undefined;
}

const shard = fields.field<Shard>('must be { index, count } with whole numbers 0 <= index < count', (v) => {
  const { index, count, ...rest } = (v ?? {}) as Partial<Shard>;
  const whole = Number.isSafeInteger(index) && Number.isSafeInteger(count);
  return whole && Object.keys(rest).length === 0 && Number(index) >= 0 && Number(index) < Number(count);
});

const range = {
  start: fields.withDefault(fields.nonNegativeInteger, 0),
  skip: fields.withDefault(fields.positiveInteger, 1),
  max: fields.withDefault(fields.positiveInteger, Number.MAX_SAFE_INTEGER),
};

const datasetSelection = optionsOf<DatasetSelection>()({
  ...range,
  shard: fields.withDefault(shard, { index: 0, count: 1 }),
});

/** What is chosen where nothing is said. @internal */
export const SELECTION_DEFAULTS: DatasetSelection = datasetSelection.defaults;

/** The check of an option `select`. @internal */
export const selectField: NestedField<DatasetSelection> = datasetSelection.nested;

/** The same for a run in one piece. @internal */
export const selectWithoutShard: NestedField<Omit<DatasetSelection, 'shard'>> =
  optionsOf<Omit<DatasetSelection, 'shard'>>()(range).nested;

/** A selection with its defaults, checked. @internal */
export function fullSelection(selection: DatasetSelection): WithDefaults<DatasetSelection> {
  return datasetSelection.parse('selectedIndices', selection);
}

/** Indices of the examples that a selection chooses of a data set, in their order. @internal */
export function* selectedIndices(size: number, selection: DatasetSelection): Generator<number, void, undefined> {
  const { start, skip, max, shard } = fullSelection(selection);
  for (let position = shard.index; position < max; position += shard.count) {
    const index = start + skip * position;
    if (index >= size) return;
    yield index;
  }
}
