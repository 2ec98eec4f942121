import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import { type Field, field } from '../options/fields.ts';
import { assertShape } from './assert-shapes.ts';
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
  const about = (value: unknown) => ({ call, field: 'labels', value });
  if (labels instanceof tf.Tensor) {
    if (labels.rank !== 1 || labels.size !== batch) {
      const details = { ...about(labels.shape), got: `[${labels.shape}]` };
      throw refusal(TensorError, details, `must have shape [${batch}]`);
    }
    if (labels.dtype !== 'int32') {
      const way = "tf.cast(labels, 'int32') converts them, or give plain integers";
      throw refusal(TensorError, { ...about(labels.dtype), got: labels.dtype, way }, 'must be int32');
    }
    return { labels: copyOf(labels) as tf.Tensor1D, largest: undefined };
  }
  const values = Array.from(labels);
  const wrong = values.findIndex((label) => !Number.isInteger(label) || label < 0);
  if (wrong >= 0) throw refusal(OptionError, about(values[wrong]), 'must be integers of at least 0');
  if (values.length !== batch) {
    throw refusal(OptionError, about(values.length), `must hold one label per image (${batch})`);
  }
  return { labels: tensorOver(values, [batch], 'int32') as tf.Tensor1D, largest: Math.max(...values) };
}

/** Throws if the largest known label does not fit the number of classes. @internal */
export function assertLabelsFit(call: string, largest: number | undefined, numClasses: number): void {
  if (largest === undefined || largest < numClasses) return;
  const details = { call, field: 'labels', value: largest };
  throw refusal(OptionError, details, `must be below the number of classes (${numClasses})`);
}

/** The labels of a batch of logits [..., B, C], to be called inside `tidy`: a tensor as it came, plain numbers checked. @internal */
export function labelsOfLogits(call: string, labels: Labels, logits: tf.Tensor): tf.Tensor1D {
  const [batch = 0, numClasses = 0] = logits.shape.slice(-2);
  if (labels instanceof tf.Tensor) {
    assertShape(call, 'labels', labels, [batch]);
    return labels as tf.Tensor1D;
  }
  const checked = checkLabels(call, labels, batch);
  assertLabelsFit(call, checked.largest, numClasses);
  return checked.labels;
}
