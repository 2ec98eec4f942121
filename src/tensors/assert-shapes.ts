import type * as tf from '@tensorflow/tfjs';
import { TensorError } from '../errors.ts';

/** Throws unless `noise` has shape [M, ...x.shape] for some M of at least 1. @internal */
export function assertBatchNoise(call: string, x: tf.Tensor, noise: tf.Tensor): void {
  assertShape(call, 'noise', noise, [noise.shape[0] ?? 1, ...x.shape]);
}

/** Throws unless the tensor has exactly this shape. @internal */
export function assertShape(call: string, field: string, tensor: tf.Tensor, shape: readonly number[]): void {
  if (tensor.rank === shape.length && tensor.shape.every((size, axis) => size === shape[axis])) return;
  throw new TensorError(`\`${field}\` must have shape [${shape}], got [${tensor.shape}]`, {
    call,
    field,
    value: tensor.shape,
  });
}

/** Throws unless `x` is a float32 batch [B, ...inputShape] with at least one image. @internal */
export function assertBatch(call: string, x: tf.Tensor): void {
  if (x.rank < 2 || x.size === 0) {
    throw new TensorError(
      `\`x\` must be a batch [B, ...inputShape] of at least one example, got shape [${x.shape}]` +
        ' (add the batch dimension with tf.expandDims)',
      { call, field: 'x', value: x.shape },
    );
  }
  assertFloat(call, 'x', x);
}

/** Throws unless the tensor is float32. @internal */
export function assertFloat(call: string, field: string, tensor: tf.Tensor): void {
  if (tensor.dtype === 'float32') return;
  throw new TensorError(
    `\`${field}\` must be float32, got ${tensor.dtype} (tf.cast(${field}, 'float32') converts it)`,
    {
      call,
      field,
      value: tensor.dtype,
    },
  );
}
