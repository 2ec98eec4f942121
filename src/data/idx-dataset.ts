import { parseIdxDatasetSource } from '../options/dataset-options.ts';
import type { IdxArray } from './idx-types.ts';
import { imagesAndLabels } from './images-and-labels.ts';
import type { LabelledDataset } from './labelled-dataset.ts';
import { makeDataset } from './make-dataset.ts';

/** What {@link idxDataset} is made from. */
export interface IdxDatasetSource {
  /** The images, `uint8` (divided by 255) or `float32` (as they are), of shape `[size, ...]`. */
  readonly images: IdxArray;
  /** The classes, an integer array of shape `[size]`. */
  readonly labels: IdxArray;
  /**
   * Shape of one input.
   *
   * @defaultValue the shape of one image; `[height, width]` becomes `[height, width, 1]`, as convolutions need a
   * channel
   */
  readonly shape?: readonly number[];
}

/**
 * Makes a data set of two decoded IDX files, images and labels.
 *
 * @throws DataError if an element type is unsuitable or sizes do not fit together.
 * @throws OptionError if a field is missing, misspelt or of the wrong type.
 * @example
 * ```ts
 * const testSet = idxDataset({ images: await decodeIdx(imageBytes), labels: await decodeIdx(labelBytes) });
 * ```
 */
export function idxDataset(source: IdxDatasetSource): LabelledDataset {
  const { shape, ...arrays } = parseIdxDatasetSource('idxDataset', source);
  const joined = imagesAndLabels('idxDataset', arrays);
  return makeDataset('idxDataset', { ...joined, shape: shape ?? joined.shape });
}
