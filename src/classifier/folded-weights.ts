import * as tf from '@tensorflow/tfjs';
import type { Normalization } from '../tensors/layer-form.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { LinearLayer } from './known-layers.ts';

/** A linear layer, and the normalisation behind it. @internal */
export interface FoldedLayer {
  readonly linear: LinearLayer;
  readonly norm: Normalization;
}

/** Filter and bias of one linear layer that does the work of both. @internal */
export interface FoldedWeights {
  readonly kernel: tf.Tensor;
  readonly bias: tf.Tensor;
}

/**
 * Folds normalisations into the layers before them: W′ = W · s and b′ = (b − μ) · s + β with s = γ / √(v + ε), for each channel.
 *
 * The vectors of all layers are joined, so that a deep network costs one multiplication a layer and a dozen operations more. To be called inside a
 * tidy; gradients reach the weights.
 * @internal
 */
export function foldedWeights(layers: readonly FoldedLayer[]): FoldedWeights[] {
  if (layers.length === 0) return [];
  const sizes = layers.map(({ norm }) => norm.mean.read().size);
  const epsilons = Float32Array.from(layers.flatMap(({ norm }, i) => new Array<number>(sizes[i]!).fill(norm.epsilon)));
  const joined = (vectorOf: (layer: FoldedLayer, size: number) => tf.Tensor): tf.Tensor1D =>
    tf.concat1d(layers.map((layer, i) => vectorOf(layer, sizes[i]!) as tf.Tensor1D));
  const mean = joined(({ norm }) => norm.mean.read());
  const variance = joined(({ norm }) => norm.variance.read());
  const gamma = joined(({ norm }, size) => norm.gamma?.read() ?? tf.ones([size]));
  const beta = joined(({ norm }, size) => norm.beta?.read() ?? tf.zeros([size]));
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, tensorOver(epsilons, [epsilons.length], 'float32'))));
  const hasBias = layers.some(({ linear }) => linear.bias);
  const centre = hasBias
    ? tf.sub(
        joined(({ linear }, size) => linear.bias?.read() ?? tf.zeros([size])),
        mean,
      )
    : tf.neg(mean);
  // The gradient of a split into one part fails in TensorFlow.js.
  const parts = (whole: tf.Tensor): tf.Tensor[] => (sizes.length === 1 ? [whole] : tf.split(whole, sizes));
  const scales = parts(scale);
  const biases = parts(tf.add(tf.mul(centre, scale), beta));
  return layers.map(({ linear }, i) => ({ kernel: scaled(linear, scales[i]!), bias: biases[i]! }));
}

/** A filter times one factor for each output. */
function scaled({ kind, kernel }: LinearLayer, scale: tf.Tensor): tf.Tensor {
  const filter = kernel.read();
  return tf.mul(filter, kind === 'depthwise' ? tf.reshape(scale, filter.shape.slice(2)) : scale);
}
