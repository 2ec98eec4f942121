import * as tf from '@tensorflow/tfjs';
import { fillNormals } from '../random/fill-normals.ts';
import { foldIn } from '../random/fold-in.ts';
import type { Key } from '../types.ts';
import { torchDefaultWeights } from './torch-default-weights.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

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

function setAndDispose(layer: tf.layers.Layer, weights: tf.Tensor[]): void {
  layer.setWeights(weights);
  tf.dispose(weights);
}
