/** One example of a {@link LabelledDataset}. */
export interface LabelledExample {
  /** The input in input units, row major; its length is the product of the data set's `shape`. */
  readonly x: Float32Array;
  /** The true class, an integer from 0. */
  readonly label: number;
}

/**
 * A data set of labelled inputs with random access, the form that `certifyDataset` reads.
 *
 * A plain object: no tensors, no base class. `example` may be asynchronous (files, a database, a worker), so one type
 * serves arrays in memory and data that is read when needed.
 *
 * What `example` gives is copied before the next example is used, so it may fill one array again and again. Runs ask one after the other, for
 * one example at a time; only a training batch asks for its examples together, so an asynchronous `example` must not mix up answers that it
 * works on at once.
 */
export interface LabelledDataset {
  /** Number of examples. */
  readonly size: number;
  /** Shape of one input, without a batch dimension, for example `[28, 28, 1]`. */
  readonly shape: readonly number[];
  /** The example at `index`, an integer from 0 to `size - 1`. */
  example(index: number): LabelledExample | Promise<LabelledExample>;
}
