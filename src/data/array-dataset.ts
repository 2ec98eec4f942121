import { optionsOf } from '../options/parse.ts';
import * as fields from '../options/fields.ts';
import { DataError, showValue } from '../errors.ts';
import { elementCount } from './elements.ts';
import type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';
import type { NpyArray } from './npy-header.ts';

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

/** Two decoded files. */
interface ImagesAndLabels {
  readonly images: NpyArray;
  readonly labels: NpyArray;
}

/** The arrays of a data set of two decoded files; `[height, width]` gets the channel that convolutions need. @internal */
export function imagesAndLabels(call: string, { images, labels }: ImagesAndLabels): DatasetArrays {
  if (images.shape.length < 2 || (images.dtype !== 'uint8' && images.dtype !== 'float32')) {
    throw wrongField(call, 'images', 'must be uint8 or float32 of shape [size, ...]', images, describeArray(images));
  }
  if (labels.shape.length !== 1 || labels.dtype.startsWith('float') || labels.dtype === 'bool') {
    throw wrongField(call, 'labels', 'must be integers of shape [size]', labels, describeArray(labels));
  }
  const [size = 0, ...shape] = images.shape;
  if (labels.data.length !== size) {
    throw wrongField(call, 'labels', `must hold one label for each of the ${size} images`, labels.data.length);
  }
  return { values: images.data, shape: shape.length === 2 ? [...shape, 1] : shape, labels: labels.data };
}

function describeArray({ dtype, shape }: NpyArray): string {
  return `${dtype} of shape [${shape.join(', ')}]`;
}

/** Inputs and labels one after the other. @internal */
export interface DatasetArrays {
  readonly values: Float32Array | Uint8Array;
  readonly shape: readonly number[];
  readonly labels: ArrayLike<number>;
}

/** A data set of a copy of the arrays; bytes are divided by 255. @internal */
export function makeDataset(call: string, given: DatasetArrays): LabelledDataset {
  const { shape } = given;
  const size = given.labels.length;
  const dimension = elementCount(shape);
  if (given.values.length !== size * dimension) {
    const must = `must hold ${size} inputs of shape [${shape.join(', ')}], that is ${size * dimension} numbers`;
    throw wrongField(call, 'values', must, given.values.length);
  }
  // Not `slice`: that of a Buffer shares its memory.
  const values = given.values instanceof Uint8Array ? new Uint8Array(given.values) : new Float32Array(given.values);
  const labels = Array.from(given.labels);
  checkLabels(call, labels);
  checkFinite(call, values);
  const example = (index: number): LabelledExample => {
    const label = Number.isInteger(index) ? labels[index] : undefined;
    if (label === undefined) {
      throw wrongField(`${call}.example`, 'index', `must be an integer from 0 to ${size - 1}`, index);
    }
    return { x: toInput(values.subarray(index * dimension, (index + 1) * dimension)), label };
  };
  return { size, shape: [...shape], example };
}

/** An error about a field of the source of a data set. @internal */
export function wrongField(call: string, field: string, must: string, value: unknown, got?: string): DataError {
  return new DataError(`\`${field}\` ${must}, got ${got ?? showValue(value)}`, { call, field, value });
}

function checkLabels(call: string, labels: ArrayLike<number>): void {
  if (labels.length === 0) throw wrongField(call, 'labels', 'must hold at least one label', []);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!Number.isInteger(label) || (label as number) < 0) {
      throw wrongField(call, 'labels', 'must be integers of at least 0', label, `${showValue(label)} at index ${i}`);
    }
  }
}

function checkFinite(call: string, values: Float32Array | Uint8Array): void {
  if (values instanceof Uint8Array) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  throw wrongField(call, 'values', 'must be finite numbers', values[index], `${values[index]} at index ${index}`);
}

/** A fresh Float32Array in input units. A loop, since `Float32Array.from` with a function takes eight times as long. */
function toInput(values: Float32Array | Uint8Array): Float32Array {
  const input = new Float32Array(values);
  if (values instanceof Uint8Array) for (let i = 0; i < input.length; i++) input[i] = (values[i] as number) / 255;
  return input;
}
