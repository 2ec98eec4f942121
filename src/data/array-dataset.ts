import { DataError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { InputRange } from '../types.ts';
import { elementCount, isDecoded, type NpyArray, showArrayType } from './arrays.ts';
import { byteLevels, byteRange, type InputArray, inputValues, isInputArray } from './input-values.ts';
import { classNumbers, givenLabels, labelsOf } from './labels.ts';
import type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';

/** What {@link arrayDataset} is made from. */
export interface ArrayDatasetSource {
  /**
   * All inputs one after the other, row major, or a decoded array of shape `[size, ...]`.
   *
   * `Uint8Array` (also clamped) values stay bytes until an example is asked for, when they fill `inputRange`; so do other integers, if all are from
   * 0 to 255. Floats are in input units already and taken as they are; float64 is rounded to float32.
   */
  readonly values: InputArray | NpyArray;
  /**
   * Shape of one input, without a batch dimension, for example `[28, 28, 1]`.
   *
   * @defaultValue that of a decoded array, where `[height, width]` becomes `[height, width, 1]`; it must be given for a typed array
   */
  readonly shape?: readonly number[] | undefined;
  /** The true classes, integers from 0, one for each input; or a one-hot row for each; or a decoded array of either. */
  readonly labels: LabelArray | NpyArray;
  /**
   * The range that bytes fill: byte b is low + (high - low) · b / 255 in input units. It is that of the model (`inputRange` of
   * `SmoothedClassifier`). Float values must lie in it, if it is given.
   *
   * @defaultValue [0, 1] for bytes; float values are not looked at
   */
  readonly inputRange?: InputRange | undefined;
}

/** Class numbers, also as 64-bit integers, or one-hot rows. */
export type LabelArray = ArrayLike<number> | ArrayLike<bigint> | ArrayLike<ArrayLike<number>>;

const arrayDatasetSource = optionsOf<ArrayDatasetSource>()({
  values: fields.field<InputArray | NpyArray>(
    'must be a typed array of numbers (Float32Array.from(values) keeps them as they are, Uint8Array.from(values) makes bytes)',
    (v) => isInputArray(v) || isDecoded(v),
  ),
  shape: fields.optional(fields.shape),
  labels: fields.field<LabelArray | NpyArray>(
    'must be an array of class numbers',
    (v) => Array.isArray(v) || (ArrayBuffer.isView(v) && 'length' in v) || isDecoded(v),
  ),
  inputRange: fields.optional(byteRange),
});

/**
 * Makes a data set of arrays in memory.
 *
 * The arrays are copied, as they are (bytes stay bytes), and `example` gives a fresh copy each time: neither side can change what the other has.
 * Decoded arrays (`decodeNpy`, `decodeNpz`, `decodeIdx`) can be given as they are; of integers of 64 bits they know that they are integers, which
 * their `data` alone, a Float64Array, does not say.
 *
 * @throws DataError if sizes do not fit together, a label is not an integer from 0 or a one-hot row, a value is NaN, infinite or outside
 * the `inputRange` given, or integers are not all from 0 to 255; from `example`, if the index is outside the data set.
 * @throws OptionError if a field is missing, misspelt or of the wrong type.
 * @example
 * ```ts
 * const dataset = arrayDataset({ values: new Uint8Array([0, 255, 51, 0]), shape: [2], labels: [0, 1] });
 * dataset.example(1); // { x: Float32Array [0.2, 0], label: 1 }
 * ```
 */
export function arrayDataset(source: ArrayDatasetSource): LabelledDataset {
  const call = 'arrayDataset';
  const { values, labels, inputRange, ...given } = arrayDatasetSource.parse(call, source);
  const classes = isDecoded(labels) ? labelsOf(call, labels) : givenLabels(call, labels);
  const [shape, data, dtype] = isDecoded(values)
    ? [given.shape ?? exampleShape(values.shape), values.data, values.dtype]
    : [given.shape, values];
  if (shape === undefined || shape.length === 0) {
    const details = { call, field: 'shape', value: shape, way: 'of one input, for example [28, 28, 1]' };
    throw refusal(OptionError, details, 'must be given where `values` has none');
  }
  return makeDataset(call, {
    values: inputValues({ call, field: 'values', dtype }, data),
    shape,
    labels: classes,
    inputRange,
  });
}

/** Shape of one of the images of an array; `[height, width]` gets the channel that convolutions need. */
function exampleShape([, ...shape]: readonly number[]): readonly number[] {
  return shape.length === 2 ? [...shape, 1] : shape;
}

/** Arrays of a data set, in the form in which the library holds them. @internal */
export interface OwnArrays {
  readonly values: Float32Array | Uint8Array;
  readonly shape: readonly number[];
  readonly labels: ArrayLike<number>;
  /** What bytes fill; [0, 1] if it is not given. */
  readonly inputRange?: InputRange | undefined;
}

/** A data set of a copy of the arrays; bytes fill the input range. @internal */
export function makeDataset(call: string, given: OwnArrays): LabelledDataset {
  const { shape } = given;
  const size = given.labels.length;
  const dimension = elementCount(shape);
  if (given.values.length !== size * dimension) {
    const must = `must hold ${size} inputs of shape [${shape.join(', ')}], that is ${size * dimension} numbers`;
    throw refusal(DataError, { call, field: 'values', value: given.values.length }, must);
  }
  // Not `slice`: that of a Buffer shares its memory.
  const values = given.values instanceof Uint8Array ? new Uint8Array(given.values) : new Float32Array(given.values);
  const labels = classNumbers(call, given.labels);
  if (size === 0) throw refusal(DataError, { call, field: 'labels', value: [] }, 'must hold at least one label');
  if (values instanceof Float32Array) checkFloats(call, values, given.inputRange);
  const levels = byteLevels(given.inputRange ?? [0, 1]);
  const example = (index: number): LabelledExample => {
    const label = Number.isInteger(index) ? labels[index] : undefined;
    if (label === undefined) {
      const details = { call: `${call}.example`, field: 'index', value: index };
      throw refusal(DataError, details, `must be an integer from 0 to ${size - 1}`);
    }
    const x = new Float32Array(values.subarray(index * dimension, (index + 1) * dimension));
    if (values instanceof Uint8Array) for (let i = 0; i < dimension; i++) x[i] = levels[x[i] as number] as number;
    return { x, label };
  };
  return { size, shape: [...shape], example };
}

function checkFloats(call: string, values: Float32Array, range: InputRange | undefined): void {
  const [low, high] = range?.map(Math.fround) ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const index = values.findIndex((value) => !(value >= low! && value <= high!));
  if (index < 0) return;
  const value = values[index] as number;
  const isFinite = Number.isFinite(value);
  const must = isFinite ? `must lie in the \`inputRange\` [${range?.join(', ')}]` : 'must be finite numbers';
  const way = isFinite
    ? 'only bytes are scaled to it: Uint8Array.from(values) makes them of levels 0 to 255'
    : undefined;
  throw refusal(DataError, { call, field: 'values', value, got: `${value} at index ${index}`, way }, must);
}

/** Two decoded files. */
interface ImagesAndLabels {
  readonly images: NpyArray;
  readonly labels: NpyArray;
}

/** The arrays of a data set of two decoded files. @internal */
export function imagesAndLabels(call: string, { images, labels }: ImagesAndLabels): OwnArrays {
  const [size = 0] = images.shape;
  if (images.shape.length < 2) {
    const details = { call, field: 'images', value: images, got: showArrayType(images) };
    throw refusal(DataError, details, 'must be an array of shape [size, ...]');
  }
  const values = inputValues({ call, field: 'images', dtype: images.dtype }, images.data);
  const classes = labelsOf(call, labels);
  if (classes.length !== size) {
    const details = { call, field: 'labels', value: classes.length };
    throw refusal(DataError, details, `must hold one label for each of the ${size} images`);
  }
  return { values, shape: exampleShape(images.shape), labels: classes };
}
