/** One example of a {@link TargetDataset}. */
export interface TargetExample<T> {
  /** The input in input units, row major; its length is the product of the data set's `shape`. */
  readonly x: Float32Array;
  /** What is true of it, as JSON holds it: numbers, boxes, a mask, labels. */
  readonly target: T;
}

/**
 * A data set whose examples have a target of any kind: what `certifyDataset` reads for regressors, segmenters and the like. Where the target is a class,
 * a `LabelledDataset` serves as well.
 *
 * A plain object with random access, as `LabelledDataset`: `example` may be asynchronous, and what it gives is copied before the next is used.
 */
export interface TargetDataset<T> {
  /** Number of examples. */
  readonly size: number;
  /** Shape of one input, without a batch dimension. */
  readonly shape: readonly number[];
  /** The example at `index`, an integer from 0 to `size - 1`. */
  example(index: number): TargetExample<T> | Promise<TargetExample<T>>;
}
