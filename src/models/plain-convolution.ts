import * as tf from '@tensorflow/tfjs';
import { onlyTensor } from './layer-input.ts';

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
  // The zeros are overwritten at once: the initialisers of tf.layers draw from Math.random.
  const layer = tf.layers.conv2d({ ...options, useBias: false, kernelInitializer: 'zeros' });
  const convolve = (x: tf.Tensor4D): tf.Tensor =>
    tf.conv2d(x, layer.weights[0]!.read() as tf.Tensor4D, strides as number, padding as 'valid' | 'same');
  layer.call = (inputs: tf.Tensor | tf.Tensor[]) => tf.tidy(() => convolve(onlyTensor(inputs) as tf.Tensor4D));
  return layer;
}
