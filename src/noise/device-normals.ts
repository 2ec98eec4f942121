import * as tf from '@tensorflow/tfjs';
import { parseBatchDrawRequest, parseDrawRequest } from '../options/draw-request-options.ts';
import { checkSamples } from '../random/draw-position.ts';
import { hasKernel, NORMALS_KERNEL, type NormalsAttributes, runKernel } from '../tensors/device-kernels.ts';
import type { BatchDrawRequest, DrawRequest } from './types.ts';

/** True where the current backend draws normals itself: `catrs/webgpu` has made it so. @internal */
export function drawsNormals(): boolean {
  return hasKernel(NORMALS_KERNEL);
}

/** `Noise.perturb` on the device: x + scale · normals, [count, ...x.shape]. @internal */
export function perturbOnDevice(x: tf.Tensor, request: DrawRequest, scale: number): tf.Tensor {
  const call = 'Noise.perturb';
  const { key, start, count } = parseDrawRequest(call, request);
  const field = 'count';
  const attributes = { key, start, rows: count, dimension: x.size, images: 0, firstImage: 0, scale, call, field };
  checkSamples('fillNormals', attributes, count);
  return tf.tidy(() => tf.reshape(copiesOf(tf.cast(x, 'float32'), attributes), [count, ...x.shape]));
}

/** `AdditiveNoise.sampleBatch` on the device: scale · normals, [M, ...shape]. @internal */
export function sampleBatchOnDevice(request: BatchDrawRequest, scale: number): tf.Tensor {
  const call = 'Noise.sampleBatch';
  const { key, numNoise, shape, first: firstImage = 0 } = parseBatchDrawRequest(call, request);
  const [images = 0, ...exampleShape] = shape;
  const dimension = exampleShape.reduce((product, size) => product * size, 1);
  const field = 'numNoise';
  const attributes = { key, start: 0, rows: numNoise * images, dimension, images, firstImage, scale, call, field };
  checkSamples('fillNormals', attributes, numNoise);
  return tf.tidy(() => tf.reshape(runKernel(NORMALS_KERNEL, {}, attributes), [numNoise, ...shape]));
}

/** The kernel with the gradient that the sum of the repeated image and the noise has. */
function copiesOf(x: tf.Tensor, attributes: NormalsAttributes): tf.Tensor {
  const { rows, dimension } = attributes;
  const sum = tf.customGrad((image) => ({
    value: runKernel(NORMALS_KERNEL, { x: image as tf.Tensor }, attributes),
    gradFunc: (dy: tf.Tensor) => tf.reshape(tf.sum(tf.reshape(dy, [rows, dimension]), 0), x.shape),
  }));
  return sum(x);
}
