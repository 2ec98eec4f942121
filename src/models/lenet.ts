import * as tf from '@tensorflow/tfjs';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { Key } from '../types.ts';
import { setAndDispose, torchDefaultWeights, zeros } from './layers.ts';

/** Options of {@link lenet}. */
export interface LenetOptions {
  /** Key of the initial weights; tensor number t of the network (kernel, bias, kernel, ...) uses `foldIn(key, t)`. */
  readonly key: Key;
  /**
   * `[height, width, channels]` of one image; height and width of at least 16.
   *
   * @defaultValue `[28, 28, 1]`
   */
  readonly inputShape?: readonly [height: number, width: number, channels: number] | undefined;
  /**
   * Number of classes.
   *
   * @defaultValue 10
   */
  readonly numClasses?: number | undefined;
}

/** Two 5x5 convolutions and two halvings leave nothing of an image below 16 pixels. */
const inputShape = fields.field<readonly [number, number, number]>(
  'must be [height, width, channels] with height and width of at least 16',
  (v) => {
    if (!Array.isArray(v) || v.length !== 3 || !v.every((length) => Number.isInteger(length))) return false;
    return v[0] >= 16 && v[1] >= 16 && v[2] >= 1;
  },
);

const lenetOptions = optionsOf<LenetOptions>()({
  key: fields.key,
  inputShape: fields.withDefault(inputShape, [28, 28, 1]),
  numClasses: fields.withDefault(fields.classCount, 10),
});

/**
 * Makes the LeNet that the CAT-RS experiments use on MNIST and Fashion-MNIST; it gives logits.
 *
 * conv 5×5 (20) → ReLU → max pool 2 → conv 5×5 (50) → ReLU → max pool 2 → dense 500 → ReLU → dense `numClasses`;
 * convolutions without padding. Maps `[batch, height, width, channels]` to `[batch, numClasses]`. Layers are named
 * `conv1`, `conv2`, `fc1` and `fc2`. Every weight and bias is drawn as PyTorch does by default, uniformly from
 * [−1/√fanIn, 1/√fanIn). Inputs are not normalised. The caller owns the model (`model.dispose()`).
 *
 * @throws OptionError if an option is unknown, missing or outside its domain.
 * @example
 * ```ts
 * const model = lenet({ key: createKey(0) });
 * ```
 * @see `code/archs/lenet.py` of https://github.com/alinlab/smoothing-catrs
 */
export function lenet(options: LenetOptions): tf.LayersModel {
  const { key, inputShape, numClasses } = lenetOptions.parse('lenet', options);
  const model = tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [...inputShape] }),
      convolution('conv1', 20),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      convolution('conv2', 50),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      dense('fc1', 500, 'relu'),
      dense('fc2', numClasses, 'linear'),
    ],
  });
  const shapes = model.getWeights().map((weight) => weight.shape);
  setAndDispose(model, torchDefaultWeights(key, shapes));
  return model;
}

function convolution(name: string, filters: number): tf.layers.Layer {
  return tf.layers.conv2d({ name, filters, kernelSize: 5, activation: 'relu', ...zeros });
}

function dense(name: string, units: number, activation: 'relu' | 'linear'): tf.layers.Layer {
  return tf.layers.dense({ name, units, activation, ...zeros });
}
