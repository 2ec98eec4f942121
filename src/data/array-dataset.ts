import { DataError, showValue } from '../errors.ts';
import { arrayDatasetOptions, idxDatasetOptions } from '../options/dataset-options.ts';
import { parseOptions } from '../options/parse.ts';
import type { IdxArray } from './idx-types.ts';
import type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';

/** What {@link arrayDataset} is made from. */
export interface ArrayDatasetSource {
  /**
   * All inputs one after the other, row major. `Float32Array` values are taken as they are; `Uint8Array` values are
   * divided by 255, so that bytes 0 to 255 become 0 to 1.
   */
  readonly values: Float32Array | Uint8Array;
  /** Shape of one input, without a batch dimension, for example `[28, 28, 1]`. */
  readonly shape: readonly number[];
  /** The true classes, integers from 0, one for each input. */
  readonly labels: ArrayLike<number>;
}

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
  readonly shape?: readonly number[] | undefined;
}

/**
 * Makes a data set of arrays in memory.
 *
 * The arrays are neither copied nor changed, so do not write to them afterwards. `example` gives a fresh copy each
 * time.
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
  parseOptions('arrayDataset', arrayDatasetOptions, source);
  return makeDataset('arrayDataset', source);
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
  const call = 'idxDataset';
  parseOptions(call, idxDatasetOptions, source);
  const { images, labels, shape } = source;
  if (images.shape.length < 2 || (images.dtype !== 'uint8' && images.dtype !== 'float32')) {
    throw wrong(call, 'images', 'must be uint8 or float32 of shape [size, ...]', images, describeArray(images));
  }
  if (labels.shape.length !== 1 || labels.dtype.startsWith('float')) {
    throw wrong(call, 'labels', 'must be integers of shape [size]', labels, describeArray(labels));
  }
  const [size = 0, ...imageShape] = images.shape;
  if (labels.data.length !== size) {
    throw wrong(call, 'labels', `must hold one label for each of the ${size} images`, labels.data.length);
  }
  return makeDataset(call, {
    values: images.data,
    shape: shape ?? (imageShape.length === 2 ? [...imageShape, 1] : imageShape),
    labels: labels.data,
  });
}

function makeDataset(call: string, { values, shape, labels }: ArrayDatasetSource): LabelledDataset {
  const size = labels.length;
  const dimension = shape.reduce((product, length) => product * length, 1);
  if (values.length !== size * dimension) {
    const must = `must hold ${size} inputs of shape [${shape.join(', ')}], that is ${size * dimension} numbers`;
    throw wrong(call, 'values', must, values.length);
  }
  checkLabels(call, labels);
  checkFinite(call, values);
  const example = (index: number): LabelledExample => {
    const label = Number.isInteger(index) ? labels[index] : undefined;
    if (label === undefined) {
      throw wrong(`${call}.example`, 'index', `must be an integer from 0 to ${size - 1}`, index);
    }
    return { x: toInput(values.subarray(index * dimension, (index + 1) * dimension)), label };
  };
  return { size, shape: [...shape], example };
}

function checkLabels(call: string, labels: ArrayLike<number>): void {
  if (labels.length === 0) throw wrong(call, 'labels', 'must hold at least one label', []);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!Number.isInteger(label) || (label as number) < 0) {
      throw wrong(call, 'labels', 'must be integers of at least 0', label, `${showValue(label)} at index ${i}`);
    }
  }
}

function checkFinite(call: string, values: Float32Array | Uint8Array): void {
  if (values instanceof Uint8Array) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index >= 0)
    throw wrong(call, 'values', 'must be finite numbers', values[index], `${values[index]} at index ${index}`);
}

/** A fresh Float32Array in input units. */
function toInput(values: Float32Array | Uint8Array): Float32Array {
  return values instanceof Uint8Array ? Float32Array.from(values, (byte) => byte / 255) : values.slice();
}

function describeArray({ dtype, shape }: IdxArray): string {
  return `${dtype} of shape [${shape.join(', ')}]`;
}

function wrong(call: string, field: string, must: string, value: unknown, got: string = showValue(value)): DataError {
  return new DataError(`\`${field}\` ${must}, got ${got}`, { call, field, value });
}
