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

/** Options of {@link imagenetResnet}. */
export interface ImagenetResnetOptions {
  /** Key of the initial weights; convolution number t uses `foldIn(key, t)`, `fc` the next number. */
  readonly key: Key;
  /**
   * Layers with weights on the longest way: 18, 34, 50, 101 or 152.
   * @defaultValue 50
   */
  readonly depth?: 18 | 34 | 50 | 101 | 152 | undefined;
  /**
   * Number of classes.
   * @defaultValue 1000
   */
  readonly numClasses?: number | undefined;
  /**
   * `[height, width, channels]` of one image.
   * @defaultValue `[224, 224, 3]`
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

/** Blocks of the four stages; a block of three convolutions has four times as many channels at its end. */
const STAGES: Readonly<Record<number, { readonly blocks: readonly number[]; readonly isBottleneck: boolean }>> = {
  18: { blocks: [2, 2, 2, 2], isBottleneck: false },
  34: { blocks: [3, 4, 6, 3], isBottleneck: false },
  50: { blocks: [3, 4, 6, 3], isBottleneck: true },
  101: { blocks: [3, 4, 23, 3], isBottleneck: true },
  152: { blocks: [3, 8, 36, 3], isBottleneck: true },
};

const imagenetResnetOptions = optionsOf<ImagenetResnetOptions>()({
  key: fields.key,
  depth: fields.withDefault(
    fields.field<18 | 34 | 50 | 101 | 152>('must be 18, 34, 50, 101 or 152', (v) => Object.hasOwn(STAGES, String(v))),
    50,
  ),
  numClasses: fields.withDefault(fields.classCount, 1000),
  inputShape: fields.withDefault(imageShape, [224, 224, 3]),
  mean: fields.optional(channelMeans),
  std: fields.optional(channelDeviations),
});

/**
 * Makes the residual network for ImageNet that the papers on randomized smoothing train (ResNet-50); it gives logits.
 *
 * Normalisation (if `mean` and `std` are given) → 7×7 convolution (64, stride 2) → batch norm → ReLU → 3×3 max pooling (stride 2) → four stages with
 * 64, 128, 256 and 512 channels → mean over the image → dense `numClasses`. From depth 50 on a block is convolution 1×1 → batch norm → ReLU → convolution
 * 3×3 → batch norm → ReLU → convolution 1×1 to four times as many channels → batch norm, plus the shortcut, → ReLU; before, two convolutions 3×3. The
 * first blocks of stages 2 to 4 have stride 2, in their 3×3 convolution (the first of two); a shortcut between other shapes is a 1×1
 * convolution with batch norm. As in PyTorch, paddings are the same on **every** side and convolutions have no bias. Maps `[batch, height, width,
 * channels]` to `[batch, numClasses]`. ResNet-50 has 25 557 032 trainable weights.
 *
 * Weights are drawn as those of {@link cifarResnet}, which is how torchvision does it. Layers have torchvision's names with `/` for `.`: `conv1`, `bn1`,
 * `layer1/0/conv3`, `layer1/0/downsample/0`, ..., `fc`, so that {@link loadTorchWeights} takes its state dicts. The caller owns the model
 * (`model.dispose()`).
 *
 * @throws OptionError if an option is unknown, missing or outside its domain.
 * @example
 * ```ts
 * const model = imagenetResnet({ key, depth: 18, inputShape: [64, 64, 3], ...imageStatistics.imagenet });
 * ```
 * @see He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1; `torchvision/models/resnet.py` of
 * https://github.com/pytorch/vision, whose stride is in the 3×3 convolution ("ResNet v1.5")
 */
export function imagenetResnet(options: ImagenetResnetOptions): tf.LayersModel {
  const { key, depth, numClasses, inputShape, mean, std } = imagenetResnetOptions.parse('imagenetResnet', options);
  requireNormalization('imagenetResnet', mean, std, inputShape);
  const { blocks, isBottleneck } = STAGES[depth]!;
  const image = tf.input({ shape: [...inputShape] });
  let x = mean === undefined || std === undefined ? image : through(image, normalize({ mean, std, name: 'normalize' }));
  x = through(
    x,
    ...paddedConvolution('conv1', { filters: 64, kernelSize: 7, strides: 2 }),
    batchNormalization('bn1'),
    relu('relu'),
    // Zeros never win behind a ReLU: they pad as PyTorch's -Infinity does.
    tf.layers.zeroPadding2d({ name: 'maxpool/pad', padding: 1 }),
    tf.layers.maxPooling2d({ name: 'maxpool', poolSize: 3, strides: 2, padding: 'valid' }),
  );
  for (const [stage, count] of blocks.entries()) {
    for (let block = 0; block < count; block++) {
      const strides = stage > 0 && block === 0 ? 2 : 1;
      x = residualBlock(x, { name: `layer${stage + 1}/${block}`, filters: 64 * 2 ** stage, strides, isBottleneck });
    }
  }
  const pooled = through(x, tf.layers.globalAveragePooling2d({ name: 'avgpool', dataFormat: 'channelsLast' }));
  const logits = through(pooled, tf.layers.dense({ name: 'fc', units: numClasses, ...zeros }));
  const model = tf.model({ inputs: image, outputs: logits, name: `resnet${depth}` });
  setResnetWeights(model, key);
  return model;
}

/** A block of a stage. */
interface Block {
  readonly name: string;
  readonly filters: number;
  readonly strides: number;
  readonly isBottleneck: boolean;
}

function residualBlock(x: tf.SymbolicTensor, { name, filters, strides, isBottleneck }: Block): tf.SymbolicTensor {
  const outputs = isBottleneck ? 4 * filters : filters;
  const wide = paddedConvolution(`${name}/${isBottleneck ? 'conv2' : 'conv1'}`, { filters, kernelSize: 3, strides });
  const residual = isBottleneck
    ? through(
        x,
        pointConvolution(`${name}/conv1`, filters),
        ...[batchNormalization(`${name}/bn1`), relu(`${name}/relu1`)],
        ...[...wide, batchNormalization(`${name}/bn2`), relu(`${name}/relu2`)],
        ...[pointConvolution(`${name}/conv3`, outputs), batchNormalization(`${name}/bn3`)],
      )
    : through(
        x,
        ...[...wide, batchNormalization(`${name}/bn1`), relu(`${name}/relu1`)],
        ...[convolution(`${name}/conv2`, filters), batchNormalization(`${name}/bn2`)],
      );
  const isSame = strides === 1 && x.shape.at(-1) === outputs;
  const shortcut = isSame
    ? x
    : through(
        x,
        pointConvolution(`${name}/downsample/0`, outputs, strides),
        batchNormalization(`${name}/downsample/1`),
      );
  const sum = tf.layers.add({ name: `${name}/add` }).apply([residual, shortcut]) as tf.SymbolicTensor;
  return through(sum, relu(`${name}/relu`));
}

function pointConvolution(name: string, filters: number, strides: number = 1): tf.layers.Layer {
  return plainConvolution({ name, filters, kernelSize: 1, strides });
}

/** A convolution padded by half its kernel on every side. */
function paddedConvolution(
  name: string,
  { kernelSize, ...options }: { readonly filters: number; readonly kernelSize: number; readonly strides: number },
): readonly tf.layers.Layer[] {
  const { strides } = options;
  if (strides === 1) return [plainConvolution({ name, kernelSize, ...options, padding: 'same' })];
  const pad = tf.layers.zeroPadding2d({ name: `${name}/pad`, padding: (kernelSize - 1) / 2 });
  return [pad, plainConvolution({ name, kernelSize, ...options })];
}
