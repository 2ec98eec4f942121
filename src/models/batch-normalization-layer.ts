import * as tf from '@tensorflow/tfjs';
import { showValue, TensorError } from '../errors.ts';
import { lastDimension, onlyTensor } from './layer-input.ts';
import { normalizeByBatch } from './normalize-by-batch.ts';

/** What a saved {@link BatchNormalizationLayer} holds. @internal */
export interface BatchNormalizationConfig {
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
      throw new TensorError('`x` must have a known number of channels in its last dimension, got null', {
        call: 'torchBatchNormalization',
        field: 'x',
        value: inputShape,
      });
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

  /** Two passes over x: x · scale + shift. */
  #byRunningStatistics(x: tf.Tensor): tf.Tensor {
    const scale = tf.mul(this.#gamma.read(), tf.rsqrt(tf.add(this.#movingVariance.read(), this.#epsilon)));
    const shift = tf.sub(this.#beta.read(), tf.mul(this.#movingMean.read(), scale));
    return tf.add(tf.mul(x, scale), shift);
  }

  #byBatch(x: tf.Tensor): tf.Tensor {
    const count = x.size / (x.shape.at(-1) as number);
    if (count < 2) {
      throw new TensorError(
        `\`x\` must have at least 2 values a channel in training mode, got shape ${showValue(x.shape)}`,
        { call: 'torchBatchNormalization', field: 'x', value: x.shape },
      );
    }
    return normalizeByBatch(x, this.#gamma.read(), this.#beta.read(), this.#epsilon, (mean, variance) => {
      this.#follow(this.#movingMean, mean);
      this.#follow(this.#movingVariance, tf.mul(variance, count / (count - 1)));
    });
  }

  #follow(running: LayerVariable, value: tf.Tensor): void {
    running.write(tf.add(tf.mul(running.read(), this.#momentum), tf.mul(value, 1 - this.#momentum)));
  }
}
