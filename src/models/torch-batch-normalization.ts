import * as tf from '@tensorflow/tfjs';
import { refusal, showValue, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { normalizeByBatch } from '../tensors/batch-norm-training.ts';
import type { Normalization } from '../tensors/layer-form.ts';
import { lastDimension, onlyTensor } from './layers.ts';

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
  momentum: fields.withDefault(
    fields.field<number>('must be in [0, 1)', (v) => typeof v === 'number' && v >= 0 && v < 1),
    0.9,
  ),
  epsilon: fields.withDefault(fields.positiveFloat32, 1e-5),
  name: fields.optional(fields.text),
});

const CALL = 'torchBatchNormalization';

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
  const { momentum, epsilon, name } = torchBatchNormalizationOptions.parse(CALL, options);
  return new BatchNormalizationLayer({ momentum, epsilon, ...(name !== undefined && { name }) });
}

/** What a saved {@link BatchNormalizationLayer} holds. */
interface BatchNormalizationConfig {
  readonly momentum: number;
  readonly epsilon: number;
  readonly name?: string;
}

type LayerVariable = ReturnType<tf.layers.Layer['addWeight']>;

/** Batch normalisation over the last dimension as PyTorch does it; the layer behind `torchBatchNormalization`. @internal */
export class BatchNormalizationLayer extends tf.layers.Layer {
  /** Name in saved models. */
  static readonly className: string = 'CatrsTorchBatchNormalization';
  readonly #momentum: number;
  readonly #epsilon: number;
  #gamma!: LayerVariable;
  #beta!: LayerVariable;
  #movingMean!: LayerVariable;
  #movingVariance!: LayerVariable;

  constructor(config: BatchNormalizationConfig) {
    super(config);
    this.#momentum = config.momentum;
    this.#epsilon = config.epsilon;
    this.supportsMasking = true;
  }

  /** Makes the four weights. */
  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const channels = lastDimension(inputShape);
    if (channels === null) {
      const details = { call: CALL, field: 'x', value: inputShape, got: 'null' };
      throw refusal(TensorError, details, 'must have a known number of channels in its last dimension');
    }
    const [zeros, ones] = [tf.initializers.zeros(), tf.initializers.ones()];
    this.#gamma = this.addWeight('gamma', [channels], 'float32', ones);
    this.#beta = this.addWeight('beta', [channels], 'float32', zeros);
    this.#movingMean = this.addWeight('moving_mean', [channels], 'float32', zeros, undefined, false);
    this.#movingVariance = this.addWeight('moving_variance', [channels], 'float32', ones, undefined, false);
    super.build(inputShape);
  }

  /** Normalises; in training mode it also moves the running statistics. */
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { readonly training?: unknown }): tf.Tensor {
    const x = onlyTensor(inputs);
    return tf.tidy(() => (kwargs['training'] ? this.#byBatch(x) : this.#byRunningStatistics(x)));
  }

  /** What `fromConfig` needs to make the layer again. */
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), momentum: this.#momentum, epsilon: this.#epsilon };
  }

  /** What it computes in inference mode. */
  catrsNormalization(): Normalization {
    const [gamma, beta, mean, variance] = [this.#gamma, this.#beta, this.#movingMean, this.#movingVariance];
    return { gamma, beta, mean, variance, epsilon: this.#epsilon };
  }

  /** Two passes over x: x · scale + shift. */
  #byRunningStatistics(x: tf.Tensor): tf.Tensor {
    const scale = tf.mul(this.#gamma.read(), tf.rsqrt(tf.add(this.#movingVariance.read(), this.#epsilon)));
    const shift = tf.sub(this.#beta.read(), tf.mul(this.#movingMean.read(), scale));
    return tf.add(tf.mul(x, scale), shift);
  }

  #byBatch(x: tf.Tensor): tf.Tensor {
    const count = x.size / (x.shape.at(-1) as number);
    if (count < 2) {
      const details = { call: CALL, field: 'x', value: x.shape, got: `shape ${showValue(x.shape)}` };
      throw refusal(TensorError, details, 'must have at least 2 values a channel in training mode');
    }
    const [scale, offset, epsilon] = [this.#gamma.read(), this.#beta.read(), this.#epsilon];
    return normalizeByBatch({ x, scale, offset, epsilon }, (mean, variance) => {
      this.#follow(this.#movingMean, mean);
      this.#follow(this.#movingVariance, tf.mul(variance, count / (count - 1)));
    });
  }

  #follow(running: LayerVariable, value: tf.Tensor): void {
    running.write(tf.add(tf.mul(running.read(), this.#momentum), tf.mul(value, 1 - this.#momentum)));
  }
}
