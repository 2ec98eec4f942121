import * as tf from '@tensorflow/tfjs';
import { fillUniforms } from '../random/fill-bits.ts';
import { foldIn } from '../random/key.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';

/** Initialisers of layers whose weights are set at once: those of tf.layers draw from Math.random. @internal */
export const zeros = { kernelInitializer: 'zeros', biasInitializer: 'zeros' } as const;

type Options = Parameters<typeof tf.layers.conv2d>[0];

/**
 * `tf.layers.conv2d` without bias and activation, whose gradients are made only when they are wanted.
 *
 * The layer of TensorFlow.js uses a fused operation that makes the gradients of input and weights together: an attack, which wants
 * the first, would pay for the second at every convolution. Saved models hold an ordinary `Conv2D`.
 * @internal
 */
export function plainConvolution(
  options: Pick<Options, 'name' | 'filters' | 'kernelSize' | 'strides' | 'padding'>,
): tf.layers.Layer {
  const { strides = 1, padding = 'valid' } = options;
  const layer = tf.layers.conv2d({ ...options, useBias: false, kernelInitializer: 'zeros' });
  const convolve = (x: tf.Tensor4D): tf.Tensor =>
    tf.conv2d(x, layer.weights[0]!.read() as tf.Tensor4D, strides as number, padding as 'valid' | 'same');
  const call = (inputs: tf.Tensor | tf.Tensor[]): tf.Tensor =>
    tf.tidy(() => convolve(onlyTensor(inputs) as tf.Tensor4D));
  return Object.assign(layer, { call, catrsCall: call });
}

/**
 * Weights as PyTorch initialises convolution and dense layers: kernel and bias uniform in [−1/√fanIn, 1/√fanIn).
 *
 * That is He's uniform initialisation with a = √5. `shapes` lists kernel and bias in turn; a kernel's last dimension
 * is its output, so fanIn is the product of the others. Tensor t is driven by `foldIn(key, t)`. The caller owns the
 * tensors.
 * @internal
 */
export function torchDefaultWeights(key: Key, shapes: readonly (readonly number[])[]): tf.Tensor[] {
  return shapes.map((shape, t) => {
    const kernelShape = shapes[t - (t % 2)] ?? shape;
    const bound = 1 / Math.sqrt(product(kernelShape.slice(0, -1)));
    const values = new Float32Array(product(shape));
    fillUniforms(values, { key: foldIn(key, t), start: 0, dimension: values.length });
    return tensorOver(
      values.map((u) => (2 * u - 1) * bound),
      [...shape],
      'float32',
    );
  });
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total * length, 1);
}

/** Sets the weights of a layer or a model, and disposes the tensors. @internal */
export function setAndDispose(target: Pick<tf.layers.Layer, 'setWeights'>, weights: tf.Tensor[]): void {
  target.setWeights(weights);
  tf.dispose(weights);
}

/** The one tensor that a layer is called with. @internal */
export function onlyTensor(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
}

/** Size of the last dimension, in which the channels lie. @internal */
export function lastDimension(shape: tf.Shape | tf.Shape[]): number | null {
  return (shape.at(-1) as number | null | undefined) ?? null;
}
