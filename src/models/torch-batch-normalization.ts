import type * as tf from '@tensorflow/tfjs';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { BatchNormalizationLayer } from './layers.ts';

const momentum = fields.field<number>('must be in [0, 1)', (v) => typeof v === 'number' && v >= 0 && v < 1);

/** Options of {@link torchBatchNormalization}. */
export interface TorchBatchNormalizationOptions {
  /**
   * Share of the old running statistics that stays at each training-mode pass; PyTorch's own `momentum` is 1 minus this.
   * @defaultValue 0.9
   */
  readonly momentum?: number | undefined;
  /**
   * Added to the variance.
   * @defaultValue 1e-5
   */
  readonly epsilon?: number | undefined;
  /**
   * Name of the layer.
   * @defaultValue chosen by TensorFlow.js
   */
  readonly name?: string | undefined;
}

const torchBatchNormalizationOptions = optionsOf<TorchBatchNormalizationOptions>()({
  momentum: fields.withDefault(momentum, 0.9),
  epsilon: fields.withDefault(fields.positiveFloat32, 1e-5),
  name: fields.optional(fields.text),
});

/**
 * Makes a batch normalisation layer that equals PyTorch's `BatchNorm2d` (and 1d, 3d), over the last dimension.
 *
 * γ (x − μ) / √(v + ε) + β. In training mode μ and v are mean and **biased** variance of the batch, and the running statistics
 * move by r ← momentum · r + (1 − momentum) · s, where s is the mean and the **unbiased** variance v n/(n − 1) of n values a channel.
 * In inference mode they are the running statistics, so each row is independent of the others. Two things of
 * `tf.layers.batchNormalization` are otherwise: its running variance takes the biased one, and its defaults are 0.99 and 1e-3.
 * Weights: `gamma`, `beta`, and not trainable `moving_mean` and `moving_variance`, all `[channels]`. A model with this layer can be
 * saved as it is; to load it, call {@link registerLayers} first.
 *
 * @param options - see {@link TorchBatchNormalizationOptions}.
 * @returns a layer for `tf.sequential` and `tf.model`.
 * @throws OptionError if an option is unknown or outside its domain.
 * @throws TensorError (from the layer) in training mode with a single value a channel, which has no unbiased variance.
 * @example
 * ```ts
 * const layer = torchBatchNormalization({ name: 'bn1' });
 * ```
 * @see Ioffe and Szegedy, "Batch Normalization", ICML 2015
 */
export function torchBatchNormalization(options: TorchBatchNormalizationOptions = {}): tf.layers.Layer {
  const { momentum, epsilon, name } = torchBatchNormalizationOptions.parse('torchBatchNormalization', options);
  return new BatchNormalizationLayer({ momentum, epsilon, ...(name === undefined ? {} : { name }) });
}
