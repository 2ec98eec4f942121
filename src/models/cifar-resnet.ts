import * as tf from '@tensorflow/tfjs';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { Key } from '../types.ts';
import { plainConvolution, zeros } from './layers.ts';
import { channelDeviations, channelMeans, normalize } from './normalize.ts';
import {
  batchNormalization,
  convolution,
  imageShape,
  relu,
  requireNormalization,
  setResnetWeights,
  through,
} from './residual-network.ts';

/** Options of {@link cifarResnet}. */
export interface CifarResnetOptions {
  /** Key of the initial weights; convolution number t uses `foldIn(key, t)`, `fc` the next number. */
  readonly key: Key;
  /** Layers with weights on the longest way, 6n + 2 for n blocks a stage: 20, 32, 44, 56, 110, ... */
  readonly depth: number;
  /**
   * Number of classes.
   * @defaultValue 10
   */
  readonly numClasses?: number | undefined;
  /**
   * `[height, width, channels]` of one image.
   * @defaultValue `[32, 32, 3]`
   */
  readonly inputShape?: readonly [height: number, width: number, channels: number] | undefined;
  /**
   * Mean of each channel for a {@link normalize} layer at the front; goes with `std`.
   * @defaultValue no normalisation
   */
  readonly mean?: readonly number[] | undefined;
  /**
   * Standard deviation of each channel; goes with `mean`.
   * @defaultValue no normalisation
   */
  readonly std?: readonly number[] | undefined;
}

const isDepth = (v: unknown): boolean => Number.isInteger(v) && (v as number) >= 8 && ((v as number) - 2) % 6 === 0;

const cifarResnetOptions = optionsOf<CifarResnetOptions>()({
  key: fields.key,
  depth: fields.field<number>('must be 6n + 2 with n of at least 1 (20, 32, 44, 56, 110, ...)', isDepth),
  numClasses: fields.withDefault(fields.classCount, 10),
  inputShape: fields.withDefault(imageShape, [32, 32, 3]),
  mean: fields.optional(channelMeans),
  std: fields.optional(channelDeviations),
});

/**
 * Makes the residual network for CIFAR that the papers on randomized smoothing train (ResNet-20, ResNet-110); it gives logits.
 *
 * Normalisation (if `mean` and `std` are given) → 3×3 convolution (16) → batch norm → ReLU → three stages of n = (depth − 2)/6 blocks with
 * 16, 32 and 64 channels → mean over the image → dense `numClasses`. A block is convolution 3×3 → batch norm → ReLU → convolution
 * 3×3 → batch norm, plus the shortcut, → ReLU. The first blocks of stages 2 and 3 have stride 2 and a 1×1 convolution with batch
 * norm as shortcut. As in PyTorch, all 3×3 convolutions are padded by one pixel on **every** side; convolutions have no bias.
 * Maps `[batch, height, width, channels]` to `[batch, numClasses]`. At 32×32, ResNet-20 has 272 474 trainable weights and ResNet-110
 * 1 730 714.
 *
 * Convolutions are drawn from N(0, 2 / (k² · filters)), He's normal initialisation by fan-out; `fc` uniformly from
 * [−1/√fanIn, 1/√fanIn), PyTorch's default; batch norm starts as the identity. Layers have the names of the official code with `/` for `.`:
 * `conv1`, `bn1`, `layer2/0/conv1`, `layer2/0/downsample/1`, ..., `fc` (see {@link loadTorchWeights}). The caller owns the model
 * (`model.dispose()`).
 *
 * @throws OptionError if an option is unknown, missing or outside its domain.
 * @example
 * ```ts
 * const model = cifarResnet({ key: createKey(0), depth: 20, ...imageStatistics.cifar10 });
 * ```
 * @see He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2; `code/archs/cifar_resnet.py` of
 * https://github.com/alinlab/smoothing-catrs
 */
export function cifarResnet(options: CifarResnetOptions): tf.LayersModel {
  const { key, depth, numClasses, inputShape, mean, std } = cifarResnetOptions.parse('cifarResnet', options);
  requireNormalization('cifarResnet', mean, std, inputShape);
  const image = tf.input({ shape: [...inputShape] });
  let x = mean === undefined || std === undefined ? image : through(image, normalize({ mean, std, name: 'normalize' }));
  x = through(x, convolution('conv1', 16), batchNormalization('bn1'), relu('relu'));
  for (const [stage, filters] of [16, 32, 64].entries()) {
    for (let block = 0; block < (depth - 2) / 6; block++) {
      x = residualBlock(x, `layer${stage + 1}/${block}`, filters, stage > 0 && block === 0);
    }
  }
  const pooled = through(x, tf.layers.globalAveragePooling2d({ name: 'avgpool', dataFormat: 'channelsLast' }));
  const logits = through(pooled, tf.layers.dense({ name: 'fc', units: numClasses, ...zeros }));
  const model = tf.model({ inputs: image, outputs: logits, name: `cifar_resnet${depth}` });
  setResnetWeights(model, key);
  return model;
}

function residualBlock(x: tf.SymbolicTensor, name: string, filters: number, halve: boolean): tf.SymbolicTensor {
  const first = halve
    ? [
        tf.layers.zeroPadding2d({ name: `${name}/pad`, padding: 1 }),
        plainConvolution({ name: `${name}/conv1`, filters, kernelSize: 3, strides: 2 }),
      ]
    : [convolution(`${name}/conv1`, filters)];
  const residual = through(
    x,
    ...first,
    batchNormalization(`${name}/bn1`),
    relu(`${name}/relu1`),
    convolution(`${name}/conv2`, filters),
    batchNormalization(`${name}/bn2`),
  );
  const shortcut = halve
    ? through(
        x,
        plainConvolution({ name: `${name}/downsample/0`, filters, kernelSize: 1, strides: 2 }),
        batchNormalization(`${name}/downsample/1`),
      )
    : x;
  const sum = tf.layers.add({ name: `${name}/add` }).apply([residual, shortcut]) as tf.SymbolicTensor;
  return through(sum, relu(`${name}/relu2`));
}
