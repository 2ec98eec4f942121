import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { fillNormals } from '../random/fill-normals.ts';
import { foldIn } from '../random/key.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';
import { plainConvolution, setAndDispose, torchDefaultWeights, zeros } from './layers.ts';
import { channelDeviations, channelMeans, normalize, requireSameLength } from './normalize.ts';
import { torchBatchNormalization } from './torch-batch-normalization.ts';

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

type ImageShape = readonly [height: number, width: number, channels: number];

const isDepth = (v: unknown): boolean => Number.isInteger(v) && (v as number) >= 8 && ((v as number) - 2) % 6 === 0;

const cifarResnetOptions = optionsOf<CifarResnetOptions>()({
  key: fields.key,
  depth: fields.field<number>('must be 6n + 2 with n of at least 1 (20, 32, 44, 56, 110, ...)', isDepth),
  numClasses: fields.withDefault(fields.classCount, 10),
  inputShape: fields.withDefault(
    fields.field<ImageShape>(
      'must be [height, width, channels], integers of at least 1',
      (v) => Array.isArray(v) && v.length === 3 && v.every((n) => Number.isInteger(n) && n >= 1),
    ),
    [32, 32, 3],
  ),
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
  requireNormalization(mean, std, inputShape);
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

function through(x: tf.SymbolicTensor, ...layers: readonly tf.layers.Layer[]): tf.SymbolicTensor {
  return layers.reduce((input, layer) => layer.apply(input) as tf.SymbolicTensor, x);
}

/** 3×3 with stride 1, where 'same' is one pixel on every side. */
function convolution(name: string, filters: number): tf.layers.Layer {
  return plainConvolution({ name, filters, kernelSize: 3, padding: 'same' });
}

function batchNormalization(name: string): tf.layers.Layer {
  return torchBatchNormalization({ name });
}

function relu(name: string): tf.layers.Layer {
  return tf.layers.reLU({ name });
}

function requireNormalization(
  mean: readonly number[] | undefined,
  std: readonly number[] | undefined,
  [, , channels]: readonly [number, number, number],
): void {
  if (mean === undefined && std === undefined) return;
  const missing = mean === undefined ? 'mean' : std === undefined ? 'std' : undefined;
  if (missing !== undefined) {
    const must = `must be given together with \`${missing === 'mean' ? 'std' : 'mean'}\``;
    throw refusal(OptionError, { call: 'cifarResnet', field: missing, value: undefined }, must);
  }
  requireSameLength('cifarResnet', mean!, std!);
  if (mean!.length !== channels) {
    const details = { call: 'cifarResnet', field: 'mean', value: mean, got: String(mean!.length) };
    throw refusal(OptionError, details, `must have ${channels} numbers, one for each channel of \`inputShape\``);
  }
}

/**
 * Draws the weights of a residual network: convolution number t from N(0, 2 / (k² · filters)) by `foldIn(key, t)`, and the dense layer
 * as PyTorch does by default, by `foldIn(key, number of convolutions)`.
 *
 * Convolutions are counted in the order in which the layers were made.
 */
function setResnetWeights(model: tf.LayersModel, key: Key): void {
  const layers = [...model.layers].sort((a, b) => a.id - b.id);
  const convolutions = layers.filter((layer) => layer.getClassName() === 'Conv2D');
  convolutions.forEach((layer, t) => {
    const shape = layer.getWeights()[0]!.shape as [number, number, number, number];
    setAndDispose(layer, [heNormal(foldIn(key, t), shape)]);
  });
  const dense = model.getLayer('fc');
  const shapes = dense.getWeights().map((weight) => weight.shape);
  setAndDispose(dense, torchDefaultWeights(foldIn(key, convolutions.length), shapes));
}

/** He's normal initialisation by fan-out of a kernel [height, width, in, out]. */
function heNormal(key: Key, shape: [number, number, number, number]): tf.Tensor {
  const [height, width, , filters] = shape;
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  const scale = Math.sqrt(2 / (height * width * filters));
  fillNormals(values, { key, start: 0, dimension: values.length, scale });
  return tensorOver(values, shape, 'float32');
}
