import type * as tf from '@tensorflow/tfjs';
import type { Attribute, Constant } from './onnx-format.ts';

/** A weight as values. @internal */
export type Weight = Omit<Constant, 'name'> & { readonly values: Float32Array };

/** A layer to be written. Images are [batch, channels, height, width] inside the graph. @internal */
export interface LayerToWrite {
  readonly config: tf.serialization.ConfigDict;
  readonly weights: readonly Weight[];
  /** Rank of the input, with the batch. */
  readonly rank: number;
  /** What it reads. */
  readonly inputs: readonly string[];
  /** Adds an operation and gives the name of its output. */
  readonly node: (
    operation: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
  ) => string;
  /** Adds a constant and gives its name. */
  readonly constant: (role: string, shape: readonly number[], values: Constant['values']) => string;
}

/** Writes a layer and gives the name of its output, or undefined if a setting of the layer has no translation. @internal */
export type LayerWriter = (layer: LayerToWrite) => string | undefined;

/** The writer of a layer class; rows and images can be written, the rest only flattened. @internal */
export function layerWriter(className: string, rank: number): LayerWriter | undefined {
  const hasChannelsAtOne = rank === 2 || rank === 4;
  return hasChannelsAtOne || className === 'InputLayer' || className === 'Flatten' ? writers[className] : undefined;
}

const writers: Readonly<Record<string, LayerWriter>> = {
  InputLayer: ({ inputs: [x] }) => x,
  Dropout: ({ inputs: [x] }) => x,
  Activation: (layer) => activated(layer, layer.inputs[0]),
  ReLU: ({ config, inputs, node }) => ((config['maxValue'] ?? null) === null ? node('Relu', inputs) : undefined),
  Add: ({ inputs, node }) => inputs.reduce((sum, input) => node('Add', [sum, input])),
  Flatten: ({ rank, inputs, node }) =>
    node('Flatten', rank === 4 ? [node('Transpose', inputs, { perm: [0, 2, 3, 1] })] : inputs, { axis: 1 }),
  GlobalAveragePooling2D: ({ config, inputs, node }) =>
    lastChannels(config) ? node('Flatten', [node('GlobalAveragePool', inputs)], { axis: 1 }) : undefined,
  MaxPooling2D: ({ config, inputs, node }) => {
    const { poolSize, strides } = config;
    if (!lastChannels(config)) return undefined;
    return node('MaxPool', inputs, { kernel_shape: pair(poolSize), strides: pair(strides), auto_pad: padding(config) });
  },
  ZeroPadding2D: ({ config, inputs, node, constant }) => {
    const [[top, bottom], [left, right]] = config['padding'] as [[number, number], [number, number]];
    const pads = BigInt64Array.from([0, 0, top, left, 0, 0, bottom, right].map(BigInt));
    return lastChannels(config) ? node('Pad', [...inputs, constant('pads', [8], pads)]) : undefined;
  },
  Conv2D: (layer) => {
    const { config, weights, inputs, node, constant } = layer;
    const [kernel, bias] = weights;
    if (!kernel || !lastChannels(config)) return undefined;
    const [height = 0, width = 0, channels = 0, filters = 0] = kernel.shape;
    const names = [constant('kernel', [filters, channels, height, width], filtersFirst(kernel))];
    if (bias) names.push(constant('bias', bias.shape, bias.values));
    const attributes = {
      kernel_shape: [height, width],
      strides: pair(config['strides']),
      dilations: pair(config['dilationRate'] ?? 1),
      auto_pad: padding(config),
    };
    return activated(layer, node('Conv', [...inputs, ...names], attributes));
  },
  Dense: (layer) => {
    const { weights, rank, inputs, node, constant } = layer;
    if (rank !== 2) return undefined;
    const names = weights.map(({ shape, values }, i) => constant(i === 0 ? 'kernel' : 'bias', shape, values));
    return activated(layer, node('Gemm', [...inputs, ...names]));
  },
  CatrsTorchBatchNormalization: ({ config, weights, inputs, node, constant }) => {
    const names = weights.map(({ shape, values }, i) => constant(`weight${i}`, shape, values));
    return node('BatchNormalization', [...inputs, ...names], { epsilon: { float: config['epsilon'] as number } });
  },
  CatrsNormalize: ({ config, rank, inputs: [x = ''], node, constant }) => {
    const constantOf = (role: 'mean' | 'std'): string => {
      const values = Float32Array.from(config[role] as number[]);
      return constant(role, [values.length, ...new Array<number>(rank - 2).fill(1)], values);
    };
    return node('Div', [node('Sub', [x, constantOf('mean')]), constantOf('std')]);
  },
};

const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  softmax: 'Softmax',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
};

/** The channels are axis 1 of images and of rows alike. */
function activated({ config, node }: LayerToWrite, x: string | undefined): string | undefined {
  const name = config['activation'] as string;
  if (x === undefined || name === 'linear') return x;
  const operation = ACTIVATIONS[name];
  return operation && node(operation, [x], operation === 'Softmax' ? { axis: 1 } : {});
}

function lastChannels({ dataFormat }: tf.serialization.ConfigDict): boolean {
  return (dataFormat ?? 'channelsLast') === 'channelsLast';
}

function padding({ padding: name }: tf.serialization.ConfigDict): string {
  return name === 'same' ? 'SAME_UPPER' : 'VALID';
}

function pair(value: unknown): readonly number[] {
  return Array.isArray(value) ? (value as number[]) : [value as number, value as number];
}

/** [height, width, channels, filters] → [filters, channels, height, width]. */
function filtersFirst({ shape: [height = 0, width = 0, channels = 0, filters = 0], values }: Weight): Float32Array {
  const out = new Float32Array(values.length);
  let from = 0;
  for (let place = 0; place < height * width; place++) {
    for (let c = 0; c < channels; c++) {
      for (let f = 0; f < filters; f++) out[(f * channels + c) * height * width + place] = values[from++] as number;
    }
  }
  return out;
}
