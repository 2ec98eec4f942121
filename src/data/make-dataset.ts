import { DataError, showValue } from '../errors.ts';
import { elementCount } from './element-bytes.ts';
import type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';

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
