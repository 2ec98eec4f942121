import { DataError, refusal, showValue } from '../errors.ts';
import { elementCount, type NpyArray, showArrayType } from './arrays.ts';

const MUST_BE_LABELS = 'must be class numbers of shape [size] or [size, 1], or one-hot rows of shape [size, classes]';
const SORTED =
  "np.unique(labels, return_inverse=True)[1] numbers them from 0 in sorted order, if that is the order of the model's classes";
const SCORES = "scores are no classes: (labels > 0.5).astype('int64') makes two of them";

/**
 * The class numbers of a decoded array, in its order: of whole numbers of any element type (bool: 0 and 1), [size] or a column [size, 1], or of
 * one-hot rows [size, classes], in each of which one value is 1 and the others are 0.
 *
 * @throws DataError that names the field `labels`, the row, the value and the way out
 * @internal
 */
export function labelsOf(call: string, labels: NpyArray): Float64Array {
  const { shape, data } = labels;
  const [size, ...rest] = shape;
  const isWhole = elementCount(shape) === data.length;
  if (size === undefined || !isWhole || (rest.length > 1 && rest.some((length) => length !== 1))) {
    const details = { call, field: 'labels', value: labels, got: showArrayType(labels) };
    throw refusal(DataError, details, MUST_BE_LABELS);
  }
  const width = rest.reduce((product, length) => product * length, 1);
  return width === 1 ? classNumbers(call, data) : ofOneHotRows(call, data, width);
}

/** The class numbers of labels that the host gives: numbers, or one-hot rows. @internal */
export function givenLabels(call: string, labels: ArrayLike<unknown>): Float64Array {
  const first = labels[0];
  if (typeof first !== 'object' || first === null) return classNumbers(call, labels);
  const rows = Array.from(labels, (row) => Array.from(row as ArrayLike<number>));
  const width = rows[0]?.length ?? 0;
  const other = rows.findIndex((row) => row.length !== width);
  if (other < 0 && width > 1) return ofOneHotRows(call, rows.flat(), width);
  const shown = rows[Math.max(other, 0)] ?? [];
  const details = { call, field: 'labels', value: shown, got: `${showValue(shown)} in row ${Math.max(other, 0)}` };
  throw refusal(DataError, details, 'must be integers, or one-hot rows of one length from 2');
}

/** The numbers, if each is a class: a whole number of at least 0 that a double holds exactly. @internal */
export function classNumbers(call: string, labels: ArrayLike<unknown>): Float64Array {
  const classes = new Float64Array(labels.length);
  for (let i = 0; i < classes.length; i++) {
    const value = labels[i];
    const label = typeof value === 'bigint' ? Number(value) : value;
    if (typeof label !== 'number' || !Number.isSafeInteger(label) || label < 0) {
      const way = Number.isInteger(label) ? SORTED : typeof label === 'number' ? SCORES : undefined;
      const details = { call, field: 'labels', value, got: `${showValue(value)} at index ${i}`, way };
      throw refusal(DataError, details, 'must be integers of at least 0');
    }
    classes[i] = label + 0; // a file may say -0
  }
  return classes;
}

/** The place of the 1 in each row of `width` values. */
function ofOneHotRows(call: string, values: ArrayLike<number>, width: number): Float64Array {
  return Float64Array.from({ length: values.length / width }, (_, row) => {
    let [place, ones] = [-1, 0];
    for (let i = 0; i < width; i++) {
      const value = values[row * width + i];
      if (value === 1) [place, ones] = [i, ones + 1];
      else if (value !== 0) ones = Infinity;
    }
    if (ones === 1) return place;
    const shown = Array.from({ length: width }, (_, i) => values[row * width + i]);
    const way = 'labels.argmax(1) takes the place of the largest value';
    const details = { call, field: 'labels', value: shown, got: `${showValue(shown)} in row ${row}`, way };
    throw refusal(DataError, details, 'must be one-hot rows, a single 1 and else 0');
  });
}
