import type * as tf from '@tensorflow/tfjs';
import { OptionError } from '../errors.ts';
import { parseNormalizeOptions } from '../options/normalize-options.ts';
import type { ImageStatistics } from './image-statistics.ts';
import { NormalizeLayer } from './normalize-layer.ts';

/** Options of {@link normalize}. */
export interface NormalizeOptions extends ImageStatistics {
  /**
   * Name of the layer.
   * @defaultValue chosen by TensorFlow.js
   */
  readonly name?: string;
  /**
   * Shape of one input, for a first layer of `tf.sequential`; the last number is that of channels.
   * @defaultValue taken from the layer before
   */
  readonly inputShape?: readonly number[];
}

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
  const { mean, std, name, inputShape } = parseNormalizeOptions('normalize', options);
  requireSameLength('normalize', mean, std);
  return new NormalizeLayer({
    mean,
    std,
    ...(name === undefined ? {} : { name }),
    ...(inputShape === undefined ? {} : { inputShape: [...inputShape] }),
  });
}

/** @internal */
export function requireSameLength(call: string, mean: readonly number[], std: readonly number[]): void {
  if (mean.length === std.length) return;
  throw new OptionError(`\`std\` must have ${mean.length} numbers, as many as \`mean\`, got ${std.length}`, {
    call,
    field: 'std',
    value: std,
  });
}
