import { rowsOf } from '../classifier/ask-rows.ts';
import { assertFiniteWeights, watchWeights } from '../classifier/check-weights.ts';
import { declaredBatch } from '../classifier/declared-shapes.ts';
import type { Classifier } from '../classifier/types.ts';
import type { RowLayout } from './row-layout.ts';

/** What is asked again of a batch. @internal */
export interface SecondLook {
  /** The rows of the batch, in the order in which they were asked again. */
  readonly rows: readonly number[];
  /** What came out, row after row. */
  readonly values: Float32Array;
}

/** So many rows are asked again together at most, and no more than this share of the batch. */
const MOST_ROWS = 8;
const LEAST_SHARE = 4;

/**
 * What is looked at in a run: once that the weights are finite and that rows do not depend on their batch, and with each batch that the weights
 * are still the same.
 *
 * Of the first batch with several rows a few are asked again together, the last one first, and one of them alone. So each is at another place,
 * beside others, in a batch of another size. Batches of one row have no places; of those the first one is asked again. A model of a fixed
 * batch is asked for the same rows in reverse order. Copies that could not be drawn are never asked for. No vote depends on it.
 * @internal
 */
export class RunLooks {
  readonly #classifier: Classifier;
  readonly #known: WeakSet<object>;
  readonly #assertUnchanged: (call: string) => void;
  #weights: Promise<void> | undefined;
  #isDone = false;
  #wasAlone = false;

  /** @param known - the memory of weights that earlier runs found finite */
  constructor(classifier: Classifier, known: WeakSet<object>) {
    this.#classifier = classifier;
    this.#known = known;
    this.#assertUnchanged = watchWeights(classifier);
  }

  /** True for a model that takes batches of one size only. */
  get isFixed(): boolean {
    return declaredBatch(this.#classifier) !== undefined;
  }

  /** True once nothing is left to look at in batches of so many rows. */
  isDone(batch: number): boolean {
    return this.#isDone || (batch === 1 && this.#wasAlone);
  }

  /** Throws ClassifierError unless the weights are finite. */
  weights(call: string): Promise<void> {
    this.#weights ??= assertFiniteWeights(call, this.#classifier, this.#known);
    return this.#weights;
  }

  /** Throws ClassifierError if a weight was given other values since the run began. */
  unchanged(call: string): void {
    this.#assertUnchanged(call);
  }

  /** Which rows of a batch are to be asked again, batch by batch; none where nothing is to be looked at. */
  batchesToAsk(batch: number, failed: ReadonlySet<number>): readonly (readonly number[])[] {
    if (this.isDone(batch)) return [];
    const all = Array.from({ length: batch }, (_, row) => row);
    if (this.isFixed) return [all.toReversed()];
    const drawn = all.filter((row) => !failed.has(row)).toReversed();
    const some = Math.min(MOST_ROWS, drawn.length, Math.floor(batch / LEAST_SHARE));
    // One fewer where the sizes would both be even or odd: a classifier may tell these apart.
    const count = some > 2 && some % 2 === batch % 2 ? some - 1 : some;
    const [alone] = drawn.slice(count > 1 ? 1 : 0);
    if (alone === undefined) return [];
    if (count < 2) return [[alone]];
    return [
      Array.from({ length: count }, (_, i) => drawn[Math.floor((i * (drawn.length - 1)) / (count - 1))] as number),
      [alone],
    ];
  }

  /** Throws ClassifierError unless the rows came out the same. */
  compare(call: string, values: Float32Array, layout: RowLayout, again: SecondLook): void {
    const first = rowsOf(values, again.rows, layout.size);
    this.compareRows(call, { batch: values.length / layout.size, first }, layout, again);
  }

  /** {@link RunLooks.compare} of the rows alone: `first` is how they came out in their batch of so many rows. */
  compareRows(
    call: string,
    { batch, first }: { readonly batch: number; readonly first: Float32Array },
    layout: RowLayout,
    again: SecondLook,
  ): void {
    const when =
      batch === 1
        ? 'a row was asked again'
        : `${new Set(again.rows).size} of ${batch} rows were asked again at other places of other batches`;
    const way =
      'switch dropout, batch statistics and randomness off: no row may depend on its place, on the rows beside it or on their number';
    layout.assertSame(call, { when, way }, first, again.values);
    if (batch === 1) this.#wasAlone = true;
    else this.#isDone = true;
  }
}
