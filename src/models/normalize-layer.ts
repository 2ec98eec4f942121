import * as tf from '@tensorflow/tfjs';
import { showValue, TensorError } from '../errors.ts';
import { lastDimension, onlyTensor } from './layer-input.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** What a saved {@link NormalizeLayer} holds. @internal */
export interface NormalizeConfig {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly name?: string;
  readonly inputShape?: number[];
}

/** (x − mean) / std for each channel; the layer behind `normalize`. @internal */
export class NormalizeLayer extends tf.layers.Layer {
  /** Name in saved models. */
  static readonly className: string = 'CatrsNormalize';
  readonly #mean: readonly number[];
  readonly #std: readonly number[];

  constructor(config: NormalizeConfig) {
    super(config);
    this.#mean = [...config.mean];
    this.#std = [...config.std];
    this.supportsMasking = true;
  }

  /** Checks the number of channels. */
  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const channels = lastDimension(inputShape);
    if (channels !== this.#mean.length) {
      throw new TensorError(
        `\`x\` must have ${this.#mean.length} channels in its last dimension, as many as \`mean\`, got ${showValue(channels)}`,
        { call: 'normalize', field: 'x', value: inputShape },
      );
    }
    super.build(inputShape);
  }

  /** Normalises. */
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() =>
      tf.div(
        tf.sub(onlyTensor(inputs), tensorOver(this.#mean, [this.#mean.length], 'float32')),
        tensorOver(this.#std, [this.#std.length], 'float32'),
      ),
    );
  }

  /** What `fromConfig` needs to make the layer again. */
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), mean: [...this.#mean], std: [...this.#std] };
  }
}
