import type * as tf from '@tensorflow/tfjs';
import { refusal, showValue, TensorError } from '../errors.ts';

/** The name of a given noise, and how many copies it must have: by default any number of at least 1. @internal */
export interface GivenNoise {
  readonly field?: string;
  readonly numNoise?: number;
}

/** Throws unless `noise` is float32 [M, ...x.shape]. @internal */
export function assertBatchNoise(
  call: string,
  x: tf.Tensor,
  noise: tf.Tensor,
  { field = 'noise', numNoise }: GivenNoise = {},
): void {
  if (!isTensor(noise) || !hasShape(noise, [noise.shape[0] ?? 1, ...x.shape]) || noise.size === 0) {
    const details = { call, field, value: noise, got: showShape(noise) };
    throw refusal(TensorError, details, `must have shape [M,${x.shape}] with M of at least 1`);
  }
  assertFloat(call, field, noise);
  if (numNoise === undefined || noise.shape[0] === numNoise) return;
  const [given] = noise.shape;
  const way = `make the loss with numNoise: ${given}, or give ${numNoise} copies`;
  const details = { call, field, value: noise.shape, got: String(given), way };
  throw refusal(TensorError, details, `must hold \`numNoise\` = ${numNoise} noisy copies`);
}

/** Throws unless a tensor of noisy copies, [M, B, ...], holds at least `least` of them. @internal */
export function assertCopies(call: string, field: string, copies: tf.Tensor, least: number): void {
  const [numNoise = 0] = copies.shape;
  if (copies.rank > 1 && numNoise >= least) return;
  const details = { call, field, value: copies.shape, got: `shape [${copies.shape}]` };
  throw refusal(TensorError, details, `must hold at least ${least} noisy copies`);
}

/** Throws unless `softTargets` is float32 [batch, numClasses]; any class count of at least 2 passes when none is given. @internal */
export function assertSoftTargets(call: string, softTargets: tf.Tensor, batch: number, numClasses?: number): void {
  const [, columns = 0] = softTargets.shape;
  if (columns < 2 || !hasShape(softTargets, [batch, numClasses ?? columns])) {
    const details = { call, field: 'softTargets', value: softTargets.shape, got: showShape(softTargets) };
    throw refusal(TensorError, details, `must have shape [B, numClasses] = [${batch},${numClasses ?? 'C'}]`);
  }
  assertFloat(call, 'softTargets', softTargets);
}

/** Throws unless the tensor has exactly this shape. @internal */
export function assertShape(call: string, field: string, tensor: tf.Tensor, shape: readonly number[]): void {
  if (hasShape(tensor, shape)) return;
  const details = { call, field, value: tensor.shape, got: `[${tensor.shape}]` };
  throw refusal(TensorError, details, `must have shape [${shape}]`);
}

/** Throws unless the tensor is float32 and has the shape of `x`. @internal */
export function assertLike(call: string, field: string, tensor: tf.Tensor, x: tf.Tensor): void {
  assertShape(call, field, tensor, x.shape);
  assertFloat(call, field, tensor);
}

/** Throws unless `x` is a float32 batch [B, ...inputShape] with at least one image. @internal */
export function assertBatch(call: string, x: tf.Tensor, field = 'x'): void {
  if (!isTensor(x) || x.rank < 2 || x.size === 0) {
    const details = { call, field, value: x, got: showShape(x), way: 'add the batch dimension with tf.expandDims' };
    throw refusal(TensorError, details, 'must be a batch [B, ...inputShape] of at least one example');
  }
  assertFloat(call, field, x);
}

/** Throws unless the tensor is float32. @internal */
export function assertFloat(call: string, field: string, tensor: tf.Tensor): void {
  if (tensor.dtype === 'float32') return;
  const { dtype } = tensor;
  const way = `tf.cast(${field}, 'float32') converts it`;
  throw refusal(TensorError, { call, field, value: dtype, got: dtype, way }, 'must be float32');
}

/** True for a tensor of any copy of TensorFlow.js. @internal */
export function isTensor(value: unknown): value is tf.Tensor {
  return typeof value === 'object' && value !== null && 'dataId' in value && 'shape' in value;
}

/** The shape of a tensor for an error text, or what stands in its place. @internal */
export function showShape(value: unknown): string {
  return isTensor(value) ? `shape [${value.shape}]` : showValue(value);
}

function hasShape(tensor: tf.Tensor, shape: readonly number[]): boolean {
  return tensor.rank === shape.length && tensor.shape.every((size, axis) => size === shape[axis]);
}
