import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { fillNormals } from '../random/fill-normals.ts';
import { foldIn } from '../random/key.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';
import { plainConvolution, setAndDispose, torchDefaultWeights } from './layers.ts';
import { requireSameLength } from './normalize.ts';
import { torchBatchNormalization } from './torch-batch-normalization.ts';

/** `[height, width, channels]` of one image. @internal */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** @internal */
export const imageShape: fields.Field<ImageShape> = fields.field<ImageShape>(
  'must be [height, width, channels], integers of at least 1',
  (v) => Array.isArray(v) && v.length === 3 && v.every((n) => Number.isInteger(n) && n >= 1),
);

/** @internal */
export function through(x: tf.SymbolicTensor, ...layers: readonly tf.layers.Layer[]): tf.SymbolicTensor {
  return layers.reduce((input, layer) => layer.apply(input) as tf.SymbolicTensor, x);
}

/** 3×3 with stride 1, where 'same' is one pixel on every side. @internal */
export function convolution(name: string, filters: number): tf.layers.Layer {
  return plainConvolution({ name, filters, kernelSize: 3, padding: 'same' });
}

/** @internal */
export function batchNormalization(name: string): tf.layers.Layer {
  return torchBatchNormalization({ name });
}

/** @internal */
export function relu(name: string): tf.layers.Layer {
  return tf.layers.reLU({ name });
}

/** Throws unless `mean` and `std` go together and have a number for each channel. @internal */
export function requireNormalization(
  call: string,
  mean: readonly number[] | undefined,
  std: readonly number[] | undefined,
  [, , channels]: ImageShape,
): void {
  if (mean === undefined && std === undefined) return;
  const missing = mean === undefined ? 'mean' : std === undefined ? 'std' : undefined;
  if (missing !== undefined) {
    const must = `must be given together with \`${missing === 'mean' ? 'std' : 'mean'}\``;
    throw refusal(OptionError, { call, field: missing, value: undefined }, must);
  }
  requireSameLength(call, mean!, std!);
  if (mean!.length !== channels) {
    const details = { call, field: 'mean', value: mean, got: String(mean!.length) };
    throw refusal(OptionError, details, `must have ${channels} numbers, one for each channel of \`inputShape\``);
  }
}

/**
 * Draws the weights of a residual network: convolution number t from N(0, 2 / (k² · filters)) by `foldIn(key, t)`, and the dense layer
 * as PyTorch does by default, by `foldIn(key, number of convolutions)`.
 *
 * Convolutions are counted in the order in which the layers were made.
 * @internal
 */
export function setResnetWeights(model: tf.LayersModel, key: Key): void {
  const layers = [...model.layers].sort((a, b) => a.id - b.id);
  const convolutions = layers.filter((layer) => layer.getClassName() === 'Conv2D');
  convolutions.forEach((layer, t) => {
    const shape = layer.getWeights()[0]!.shape as [number, number, number, number];
    setAndDispose(layer, [heNormal(foldIn(key, t), shape)]);
  });
  const dense = model.getLayer('fc');
  const shapes = dense.getWeights().map((weight) => weight.shape);
  setAndDispose(dense, torchDefaultWeights(foldIn(key, convolutions.length), shapes));
}

/** He's normal initialisation by fan-out of a kernel [height, width, in, out]. */
function heNormal(key: Key, shape: [number, number, number, number]): tf.Tensor {
  const [height, width, , filters] = shape;
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  const scale = Math.sqrt(2 / (height * width * filters));
  fillNormals(values, { key, start: 0, dimension: values.length, scale });
  return tensorOver(values, shape, 'float32');
}
