import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, showValue, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { lastDimension, onlyTensor } from './layers.ts';

/** Mean and standard deviation of each channel of a data set, for images in [0, 1]. */
export interface ImageStatistics {
  /** Mean of each channel. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel. */
  readonly std: readonly number[];
}

/**
 * The channel statistics with which the published CIFAR and ImageNet classifiers normalise, for RGB images in [0, 1].
 *
 * The experiments on MNIST and Fashion-MNIST do not normalise. The standard deviations for CIFAR-10 are a custom of the field:
 * means over images of the deviation within an image. A published model needs the numbers it was trained with.
 *
 * @example
 * ```ts
 * const model = cifarResnet({ key, depth: 20, ...imageStatistics.cifar10 });
 * ```
 * @see `code/datasets.py` of https://github.com/alinlab/smoothing-catrs
 */
export const imageStatistics: Readonly<Record<'cifar10' | 'cifar100' | 'imagenet', ImageStatistics>> = {
  cifar10: { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
  cifar100: { mean: [0.5071, 0.4867, 0.4408], std: [0.2675, 0.2565, 0.2761] },
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
};

/** Options of {@link normalize}. */
export interface NormalizeOptions extends ImageStatistics {
  /**
   * Name of the layer.
   * @defaultValue chosen by TensorFlow.js
   */
  readonly name?: string | undefined;
  /**
   * Shape of one input, for a first layer of `tf.sequential`; the last number is that of channels.
   * @defaultValue taken from the layer before
   */
  readonly inputShape?: readonly number[] | undefined;
}

type Numbers = fields.Field<readonly number[]>;

const isList = (v: unknown, holds: (value: number) => boolean): boolean =>
  Array.isArray(v) && v.length > 0 && v.every((value) => typeof value === 'number' && holds(Math.fround(value)));

/** Means of the channels. @internal */
export const channelMeans: Numbers = fields.field<readonly number[]>(
  'must be a list of finite numbers, one a channel',
  (v) => isList(v, Number.isFinite),
);
/** Standard deviations of the channels. @internal */
export const channelDeviations: Numbers = fields.field<readonly number[]>(
  'must be a list of numbers greater than 0 that float32 can hold, one a channel',
  (v) => isList(v, (value) => value > 0 && Number.isFinite(value)),
);

const normalizeOptions = optionsOf<NormalizeOptions>()({
  mean: channelMeans,
  std: channelDeviations,
  name: fields.optional(fields.text),
  inputShape: fields.optional(
    fields.field<readonly number[]>(
      'must be a list of integers of at least 1',
      (v) => Array.isArray(v) && v.length > 0 && v.every((n) => Number.isInteger(n) && n >= 1),
    ),
  ),
});

/**
 * Makes the layer (x − mean) / std, channel by channel, to be the first one of a classifier.
 *
 * Maps `[batch, ..., channels]` to the same shape; it has no weights. Noise is added to the image **before** this layer, so
 * sigma and the certified radius are in units of the image, and neither depends on `std`. A model with this layer can be
 * saved as it is; to load it, call {@link registerLayers} first.
 *
 * @param options - see {@link NormalizeOptions}; {@link imageStatistics} has the published numbers.
 * @returns a layer for `tf.sequential` and `tf.model`.
 * @throws OptionError if an option is unknown, missing or outside its domain, or the lists differ in length.
 * @throws TensorError (when the layer meets its input) if the number of channels is not that of the lists.
 * @example
 * ```ts
 * const first = normalize({ ...imageStatistics.cifar100, inputShape: [32, 32, 3] });
 * const classifier = tf.sequential({ layers: [first, tf.layers.flatten(), tf.layers.dense({ units: 100 })] });
 * ```
 * @see `NormalizeLayer` in `code/datasets.py` of https://github.com/alinlab/smoothing-catrs
 */
export function normalize(options: NormalizeOptions): tf.layers.Layer {
  const { mean, std, name, inputShape } = normalizeOptions.parse('normalize', options);
  requireSameLength('normalize', mean, std);
  return new NormalizeLayer({
    mean,
    std,
    ...(name !== undefined && { name }),
    ...(inputShape !== undefined && { inputShape: [...inputShape] }),
  });
}

/** @internal */
export function requireSameLength(call: string, mean: readonly number[], std: readonly number[]): void {
  if (mean.length === std.length) return;
  const details = { call, field: 'std', value: std, got: String(std.length) };
  throw refusal(OptionError, details, `must have ${mean.length} numbers, as many as \`mean\``);
}

/** What a saved {@link NormalizeLayer} holds. */
interface NormalizeConfig {
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
      const must = `must have ${this.#mean.length} channels in its last dimension, as many as \`mean\``;
      throw refusal(TensorError, { call: 'normalize', field: 'x', value: inputShape, got: showValue(channels) }, must);
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
