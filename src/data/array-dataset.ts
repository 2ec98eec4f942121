import { DataError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { elementCount, type NpyArray, showArrayType } from './arrays.ts';
import type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';

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

const arrayDatasetSource = optionsOf<ArrayDatasetSource>()({
  values: fields.field<Float32Array | Uint8Array>(
    'must be a Float32Array or a Uint8Array',
    (v) => v instanceof Float32Array || v instanceof Uint8Array,
  ),
  shape: fields.shape,
  labels: fields.field<ArrayLike<number>>(
    'must be an array of class numbers',
    (v) => Array.isArray(v) || (ArrayBuffer.isView(v) && 'length' in v),
  ),
});

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
  return makeDataset('arrayDataset', arrayDatasetSource.parse('arrayDataset', source));
}

/** A data set of a copy of the arrays; bytes are divided by 255. @internal */
export function makeDataset(call: string, given: ArrayDatasetSource): LabelledDataset {
  const { shape } = given;
  const size = given.labels.length;
  const dimension = elementCount(shape);
  if (given.values.length !== size * dimension) {
    const must = `must hold ${size} inputs of shape [${shape.join(', ')}], that is ${size * dimension} numbers`;
    throw refusal(DataError, { call, field: 'values', value: given.values.length }, must);
  }
  // Not `slice`: that of a Buffer shares its memory.
  const values = given.values instanceof Uint8Array ? new Uint8Array(given.values) : new Float32Array(given.values);
  const labels = Array.from(given.labels);
  checkLabels(call, labels);
  checkFinite(call, values);
  const example = (index: number): LabelledExample => {
    const label = Number.isInteger(index) ? labels[index] : undefined;
    if (label === undefined) {
      const details = { call: `${call}.example`, field: 'index', value: index };
      throw refusal(DataError, details, `must be an integer from 0 to ${size - 1}`);
    }
    return { x: toInput(values.subarray(index * dimension, (index + 1) * dimension)), label };
  };
  return { size, shape: [...shape], example };
}

function checkLabels(call: string, labels: readonly number[]): void {
  const field = 'labels';
  if (labels.length === 0) throw refusal(DataError, { call, field, value: [] }, 'must hold at least one label');
  const index = labels.findIndex((label) => !Number.isInteger(label) || label < 0);
  if (index < 0) return;
  const value = labels[index];
  const got = `${showValue(value)} at index ${index}`;
  throw refusal(DataError, { call, field, value, got }, 'must be integers of at least 0');
}

function checkFinite(call: string, values: Float32Array | Uint8Array): void {
  if (values instanceof Uint8Array) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  const got = `${values[index]} at index ${index}`;
  throw refusal(DataError, { call, field: 'values', value: values[index], got }, 'must be finite numbers');
}

/** A fresh Float32Array in input units. A loop, since `Float32Array.from` with a function takes eight times as long. */
function toInput(values: Float32Array | Uint8Array): Float32Array {
  const input = new Float32Array(values);
  if (values instanceof Uint8Array) for (let i = 0; i < input.length; i++) input[i] = (values[i] as number) / 255;
  return input;
}

/** Two decoded files. */
interface ImagesAndLabels {
  readonly images: NpyArray;
  readonly labels: NpyArray;
}

/** The arrays of a data set of two decoded files; `[height, width]` gets the channel that convolutions need. @internal */
export function imagesAndLabels(call: string, { images, labels }: ImagesAndLabels): ArrayDatasetSource {
  if (images.shape.length < 2 || (images.dtype !== 'uint8' && images.dtype !== 'float32')) {
    const details = { call, field: 'images', value: images, got: showArrayType(images) };
    throw refusal(DataError, details, 'must be uint8 or float32 of shape [size, ...]');
  }
  if (labels.shape.length !== 1 || labels.dtype.startsWith('float') || labels.dtype === 'bool') {
    const details = { call, field: 'labels', value: labels, got: showArrayType(labels) };
    throw refusal(DataError, details, 'must be integers of shape [size]');
  }
  const [size = 0, ...shape] = images.shape;
  if (labels.data.length !== size) {
    const details = { call, field: 'labels', value: labels.data.length };
    throw refusal(DataError, details, `must hold one label for each of the ${size} images`);
  }
  return { values: images.data, shape: shape.length === 2 ? [...shape, 1] : shape, labels: labels.data };
}
