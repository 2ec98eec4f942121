import { parseCifarDatasetSource } from '../options/dataset-options.ts';
import type { CifarBatch } from './decode-cifar.ts';
import { elementCount } from './element-bytes.ts';
import type { LabelledDataset } from './labelled-dataset.ts';
import { makeDataset, wrongField } from './make-dataset.ts';

const CALL = 'cifarDataset';

/** What {@link cifarDataset} is made from. */
export interface CifarDatasetSource {
  /** The decoded files, in the order of their examples. */
  readonly batches: readonly CifarBatch[];
  /**
   * Which labels of CIFAR-100: its 100 classes or its 20 superclasses. CIFAR-10 has `'fine'` only.
   * @defaultValue 'fine'
   */
  readonly labels?: 'fine' | 'coarse';
}

/**
 * Makes a data set of one or more decoded files of CIFAR-10 or CIFAR-100; bytes 0 to 255 become 0 to 1.
 *
 * Example i is the i-th record, the files read one after the other. The bytes are copied.
 *
 * @throws DataError if there is no file, files of both data sets, or coarse labels are asked of CIFAR-10.
 * @throws OptionError if a field is missing, misspelt or of the wrong type.
 * @example
 * ```ts
 * const testSet = cifarDataset({ batches: [await decodeCifar(testBytes, { classes: 10 })] });
 * ```
 */
export function cifarDataset(source: CifarDatasetSource): LabelledDataset {
  const { batches, labels } = parseCifarDatasetSource(CALL, source);
  const [first] = batches;
  if (first === undefined) throw wrongField(CALL, 'batches', 'must hold at least one decoded file', batches);
  const isMixed = batches.some(
    ({ coarseLabels }) => (coarseLabels === undefined) !== (first.coarseLabels === undefined),
  );
  if (isMixed) throw wrongField(CALL, 'batches', 'must be of CIFAR-10 or of CIFAR-100', batches, 'files of both');
  const chosen = batches.map((batch) => {
    const array = labels === 'fine' ? batch.labels : batch.coarseLabels;
    if (array !== undefined) return array.data;
    throw wrongField(CALL, 'labels', "must be 'fine' for CIFAR-10", labels);
  });
  const [, ...shape] = first.images.shape;
  const size = batches.reduce((sum, { images }) => sum + images.data.length, 0) / elementCount(shape);
  const values = joined(batches.map(({ images }) => images.data));
  const allLabels = joined(chosen);
  if (allLabels.length !== size) {
    throw wrongField(CALL, 'batches', `must hold one label for each of the ${size} images`, allLabels.length);
  }
  return makeDataset(CALL, { values, shape, labels: allLabels });
}

/** One array as it is, several copied one after the other. */
function joined(arrays: readonly Uint8Array[]): Uint8Array {
  const [only] = arrays;
  if (only !== undefined && arrays.length === 1) return only;
  const whole = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    whole.set(array, offset);
    offset += array.length;
  }
  return whole;
}
