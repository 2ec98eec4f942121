import { DataError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { InputRange } from '../types.ts';
import { imagesAndLabels, makeDataset, type OwnArrays } from './array-dataset.ts';
import { decodedField, elementCount, type NpyArray } from './arrays.ts';
import { byteRange } from './input-values.ts';
import type { LabelledDataset } from './labelled-dataset.ts';

const CALL = 'corruptedDataset';
const SEVERITIES = 5;

/** What {@link corruptedDataset} is made from. */
export interface CorruptedDatasetSource {
  /** The images of one corruption, of shape `[size, ...]`: integers from 0 to 255 (bytes), or floats in input units. */
  readonly images: NpyArray;
  /** The classes, whole numbers of shape `[size]` or one-hot rows. */
  readonly labels: NpyArray;
  /**
   * For files that hold five severities one after the other (CIFAR-10-C): which one, 1 (weak) to 5 (strong). Without it
   * the whole file is taken (MNIST-C).
   *
   * @defaultValue the whole file
   */
  readonly severity?: 1 | 2 | 3 | 4 | 5 | undefined;
  /**
   * The range that bytes fill, in input units; float images must lie in it, if it is given.
   *
   * @defaultValue [0, 1] for bytes; float values are not looked at
   */
  readonly inputRange?: InputRange | undefined;
}

const npyArray = decodedField<NpyArray>('must be an NPY array (decodeNpy makes one)');

const corruptedDatasetSource = optionsOf<CorruptedDatasetSource>()({
  images: npyArray,
  labels: npyArray,
  severity: fields.optional(
    fields.field<1 | 2 | 3 | 4 | 5>('must be an integer from 1 to 5', (v) => [1, 2, 3, 4, 5].includes(v as number)),
  ),
  inputRange: fields.optional(byteRange),
});

/**
 * Makes a data set of one corruption of MNIST-C, CIFAR-10-C or CIFAR-100-C, from two decoded NPY files.
 *
 * MNIST-C has a folder for each corruption with `test_images.npy` [10000, 28, 28, 1] and `test_labels.npy` [10000].
 * CIFAR-10-C has a file for each corruption [50000, 32, 32, 3], five severities of 10 000 images each, and one
 * `labels.npy` [50000] for all of them. Example i of every severity comes from the same test image i, which is checked
 * by the labels. `certifyDataset` gives index i the same noise in each: results can be compared in pairs, and are not
 * independent of each other.
 *
 * @throws DataError if an element type is unsuitable, sizes do not fit together, or `severity` is asked of files that do
 * not hold five blocks with the same labels.
 * @throws OptionError if a field is missing, misspelt, of the wrong type or outside its domain.
 * @example
 * ```ts
 * const images = await decodeNpy(fogBytes); // CIFAR-10-C/fog.npy
 * const fog3 = corruptedDataset({ images, labels: await decodeNpy(labelBytes), severity: 3 });
 * ```
 * @see Hendrycks, Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", ICLR 2019;
 * Mu, Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", 2019
 */
export function corruptedDataset(source: CorruptedDatasetSource): LabelledDataset {
  const { images, labels, severity, inputRange } = corruptedDatasetSource.parse(CALL, source);
  const all = { ...imagesAndLabels(CALL, { images, labels }), inputRange };
  return makeDataset(CALL, severity === undefined ? all : blockOf(all, severity));
}

/** One of five equal blocks. */
function blockOf({ values, shape, labels, inputRange }: OwnArrays, severity: number): OwnArrays {
  const size = labels.length / SEVERITIES;
  const repeats = Array.from(labels).every((label, i) => label === labels[i % size]);
  if (!Number.isInteger(size) || !repeats) {
    const got = Number.isInteger(size) ? `${labels.length} labels that differ between blocks` : undefined;
    const must = `must be ${SEVERITIES} equal blocks of labels, one for each severity (omit \`severity\` for a file of one)`;
    throw refusal(DataError, { call: CALL, field: 'labels', value: labels.length, got }, must);
  }
  const begin = (severity - 1) * size;
  const dimension = elementCount(shape);
  return {
    values: values.subarray(begin * dimension, (begin + size) * dimension),
    shape,
    labels: Array.from(labels).slice(begin, begin + size),
    inputRange,
  };
}
