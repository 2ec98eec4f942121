import { parseArrayDatasetSource } from '../options/dataset-options.ts';
import type { LabelledDataset } from './labelled-dataset.ts';
import { makeDataset } from './make-dataset.ts';

/** What {@link arrayDataset} is made from. */
export interface ArrayDatasetSource {
  /**
   * All inputs one after the other, row major. `Float32Array` values are taken as they are; `Uint8Array` values stay
   * bytes and are divided by 255 when an example is asked for, so that bytes 0 to 255 become 0 to 1.
   */
  readonly values: Float32Array | Uint8Array;
  /** Shape of one input, without a batch dimension, for example `[28, 28, 1]`. */
  readonly shape: readonly number[];
  /** The true classes, integers from 0, one for each input. */
  readonly labels: ArrayLike<number>;
}

/**
 * Makes a data set of arrays in memory.
 *
 * The arrays are copied, as they are (bytes stay bytes), and `example` gives a fresh copy each time: neither side can change what the other has.
 *
 * @throws DataError if sizes do not fit together, a label is not an integer from 0, a value is NaN or
 * infinite; from `example`, if the index is outside the data set.
 * @throws OptionError if a field is missing, misspelt or of the wrong type.
 * @example
 * ```ts
 * const dataset = arrayDataset({ values: new Uint8Array([0, 255, 51, 0]), shape: [2], labels: [0, 1] });
 * dataset.example(1); // { x: Float32Array [0.2, 0], label: 1 }
 * ```
 */
export function arrayDataset(source: ArrayDatasetSource): LabelledDataset {
  return makeDataset('arrayDataset', parseArrayDatasetSource('arrayDataset', source));
}
