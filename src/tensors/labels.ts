import * as tf from '@tensorflow/tfjs';
import { OptionError, TensorError, showValue } from '../errors.ts';
import { field, type Field } from '../options/fields.ts';
import { copyOf, tensorOver } from './own-tensor.ts';

/** Class labels of a batch: an int32 tensor [B], or plain integers. */
export type Labels = tf.Tensor | readonly number[] | Int32Array | Uint8Array;

/** @internal */
export const labelsField: Field<Labels> = field(
  'must be an int32 tensor [B] or a list of integers',
  (v) => typeof v === 'object' && v !== null && ('dataId' in v || 'length' in v),
);

/** Labels as an int32 tensor that the caller owns, with the largest label where it can be read without waiting. @internal */
export interface CheckedLabels {
  readonly labels: tf.Tensor1D;
  readonly largest: number | undefined;
}

/** Copies labels to an int32 tensor [B]; plain labels must be integers of at least 0. @internal */
export function checkLabels(call: string, labels: Labels, batch: number): CheckedLabels {
  if (labels instanceof tf.Tensor) {
    if (labels.rank !== 1 || labels.size !== batch) {
      throw new TensorError(`\`labels\` must have shape [${batch}], got [${labels.shape}]`, {
        call,
        field: 'labels',
        value: labels.shape,
      });
    }
    if (labels.dtype !== 'int32') {
      throw new TensorError(
        `\`labels\` must be int32, got ${labels.dtype} (tf.cast(labels, 'int32') converts them, or give plain integers)`,
        { call, field: 'labels', value: labels.dtype },
      );
    }
    return { labels: copyOf(labels) as tf.Tensor1D, largest: undefined };
  }
  const values = Array.from(labels);
  const wrong = values.findIndex((label) => !Number.isInteger(label) || label < 0);
  if (wrong >= 0) {
    throw new OptionError(`\`labels\` must be integers of at least 0, got ${showValue(values[wrong])}`, {
      call,
      field: 'labels',
      value: values[wrong],
    });
  }
  if (values.length !== batch) {
    throw new OptionError(`\`labels\` must hold one label per image (${batch}), got ${values.length}`, {
      call,
      field: 'labels',
      value: values.length,
    });
  }
  return { labels: tensorOver(values, [batch], 'int32') as tf.Tensor1D, largest: Math.max(...values) };
}

/** Throws if the largest known label does not fit the number of classes. @internal */
export function assertLabelsFit(call: string, largest: number | undefined, numClasses: number): void {
  if (largest === undefined || largest < numClasses) return;
  throw new OptionError(`\`labels\` must be below the number of classes (${numClasses}), got ${largest}`, {
    call,
    field: 'labels',
    value: largest,
  });
}
