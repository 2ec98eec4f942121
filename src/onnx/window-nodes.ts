import { activated } from './activation-nodes.ts';
import { type Block, type Layouts, layouts, range, transposed } from './graph-writer.ts';
import type { Attribute } from './onnx-format.ts';
import { type LayerToWrite, type LayerWriter, numbers } from './layer-to-write.ts';

/** Layers that slide a window over the input. @internal */
export const windowLayers: Readonly<Record<string, LayerWriter>> = {
  Conv1D: (layer) => (layer.isChannelsFirst ? layer.refuse('dataFormat "channelsFirst"') : convolution(layer)),
  Conv2D: convolution,
  Conv3D: convolution,
  Conv2DTranspose: transposedConvolution,
  Conv3DTranspose: transposedConvolution,
  DepthwiseConv2D: (layer) => {
    const [kernel = none, bias] = layer.weights;
    // TensorFlow.js does not read its dilationRate.
    return activated(
      layer,
      overSpace(layer, (x) => depthwise(layer, x, { kernel, bias, dilations: 1 })),
    );
  },
  SeparableConv2D: (layer) => {
    if (layer.isChannelsFirst) return layer.refuse('dataFormat "channelsFirst"');
    const { config, graph, weights } = layer;
    const [kernel = none, pointwise = none, bias] = weights;
    const written = overSpace(layer, (x) => {
      const channels = depthwise(layer, x, { kernel, bias: undefined, dilations: config['dilationRate'] });
      return graph.node('Conv', [channels, ...filters(layer, pointwise, bias, 'pointwise')], { kernel_shape: [1, 1] });
    });
    return activated(layer, written);
  },
  MaxPooling1D: (layer) => pooling(layer, 'MaxPool'),
  MaxPooling2D: (layer) => pooling(layer, 'MaxPool'),
  MaxPooling3D: (layer) => pooling(layer, 'MaxPool'),
  AveragePooling1D: (layer) => pooling(layer, 'AveragePool'),
  AveragePooling2D: (layer) => pooling(layer, 'AveragePool'),
  AveragePooling3D: (layer) => pooling(layer, 'AveragePool'),
  GlobalAveragePooling1D: (layer) => globalPooling(layer, 'GlobalAveragePool'),
  GlobalAveragePooling2D: (layer) => globalPooling(layer, 'GlobalAveragePool'),
  GlobalMaxPooling1D: (layer) => globalPooling(layer, 'GlobalMaxPool'),
  GlobalMaxPooling2D: (layer) => globalPooling(layer, 'GlobalMaxPool'),
};

const none: Block = { shape: [], values: new Float32Array(0) };

/** Writes operations that want the channels at axis 1, where `channelsFirst` has them anyway. */
function overSpace({ isChannelsFirst, graph, x }: LayerToWrite, write: (x: string) => string): Layouts {
  return layouts(write(isChannelsFirst ? graph.plain(x) : graph.first(x)), !isChannelsFirst);
}

const axesOf = ({ x }: LayerToWrite): number => x.shape.length - 2;

/** Whether what the window lacks at the edges is filled up. */
function isPadded({ config, refuse }: LayerToWrite): boolean {
  const { padding } = config;
  return padding === 'same' || (padding !== 'valid' && refuse(`padding ${JSON.stringify(padding)}`));
}

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations?: readonly number[];
}

/** The attributes of a window. Padding is written out: runtimes know 'same' neither with dilations nor with strides beyond the kernel. */
function windowOf(layer: LayerToWrite, { kernel, strides, dilations }: Window): Record<string, Attribute> {
  const { isChannelsFirst, refuse, x } = layer;
  const attributes = { kernel_shape: kernel, strides, ...(dilations && { dilations }) };
  if (!isPadded(layer)) return attributes;
  const space = isChannelsFirst ? x.shape.slice(2) : x.shape.slice(1, -1);
  const missing = kernel.map((length, i) => {
    const [step = 1, gap = 1, size = null] = [strides[i], dilations?.[i], space[i]];
    const reach = (length - 1) * gap + 1;
    if (step === 1) return reach - 1;
    if (size === null) return refuse('padding "same" with strides, for an input of free size');
    const sum = (Math.ceil(size / step) - 1) * step + reach - size;
    // In three dimensions TensorFlow.js leaves out numbers at the front too.
    if (sum < 0 && kernel.length === 3)
      return refuse('padding "same" with strides beyond the kernel, in three dimensions');
    return Math.max(sum, 0);
  });
  return { ...attributes, pads: bothEnds(missing) };
}

/** The smaller halves before, the others behind. */
function bothEnds(lengths: readonly number[]): number[] {
  return [...lengths.map((length) => Math.floor(length / 2)), ...lengths.map((length) => Math.ceil(length / 2))];
}

/** [...window, a, b] → [b, a, ...window]: filters first, or inputs first for transposed convolutions. */
function filters({ graph }: LayerToWrite, kernel: Block, bias: Block | undefined, role = 'kernel'): string[] {
  const axes = kernel.shape.length - 2;
  const names = [graph.constant(role, transposed(kernel, [axes + 1, axes, ...range(axes)]))];
  return bias ? [...names, graph.constant('bias', bias)] : names;
}

function convolution(layer: LayerToWrite): Layouts {
  const [kernel = none, bias] = layer.weights;
  const { config, graph } = layer;
  const axes = axesOf(layer);
  const attributes = windowOf(layer, {
    kernel: kernel.shape.slice(0, axes),
    strides: numbers(config['strides'], axes),
    dilations: numbers(config['dilationRate'] ?? 1, axes),
  });
  const written = overSpace(layer, (x) => graph.node('Conv', [x, ...filters(layer, kernel, bias)], attributes));
  return activated(layer, written);
}

/** Of what the kernel is longer than the stride, 'valid' keeps all and 'same' nothing. */
function transposedConvolution(layer: LayerToWrite): Layouts {
  const [kernel = none, bias] = layer.weights;
  const { config, graph } = layer;
  const axes = axesOf(layer);
  const window = kernel.shape.slice(0, axes);
  const strides = numbers(config['strides'], axes);
  const longer = window.map((length, i) => length - (strides[i] ?? 1));
  const isCut = isPadded(layer);
  if (isCut && axes === 3 && longer.some((length) => length < 0)) {
    return layer.refuse('padding "same" with strides beyond the kernel, in three dimensions');
  }
  const attributes = {
    kernel_shape: window,
    strides,
    pads: bothEnds(longer.map((length) => (isCut ? Math.max(length, 0) : 0))),
    output_padding: longer.map((length) => Math.max(-length, 0)),
  };
  const written = overSpace(layer, (x) =>
    graph.node('ConvTranspose', [x, ...filters(layer, kernel, bias)], attributes),
  );
  return activated(layer, written);
}

interface Depthwise {
  readonly kernel: Block;
  readonly bias: Block | undefined;
  readonly dilations: unknown;
}

/** [height, width, channels, multiplier] → [channels · multiplier, 1, height, width], one group for each channel. */
function depthwise(layer: LayerToWrite, x: string, { kernel, bias, dilations }: Depthwise): string {
  const { config, graph } = layer;
  const [height = 0, width = 0, channels = 0, multiplier = 0] = kernel.shape;
  const { values } = transposed(kernel, [2, 3, 0, 1]);
  const names = [graph.constant('depthwise', { shape: [channels * multiplier, 1, height, width], values })];
  if (bias) names.push(graph.constant('bias', bias));
  const window = { kernel: [height, width], strides: numbers(config['strides'], 2), dilations: numbers(dilations, 2) };
  return graph.node('Conv', [x, ...names], { ...windowOf(layer, window), group: channels });
}

function pooling(layer: LayerToWrite, operation: string): Layouts {
  const { config, graph } = layer;
  const axes = axesOf(layer);
  const attributes = windowOf(layer, {
    kernel: numbers(config['poolSize'], axes),
    strides: numbers(config['strides'], axes),
  });
  return overSpace(layer, (x) => graph.node(operation, [x], attributes));
}

function globalPooling(layer: LayerToWrite, operation: string): Layouts {
  const { graph } = layer;
  const pooled = overSpace(layer, (x) => graph.node('Flatten', [graph.node(operation, [x])], { axis: 1 }));
  return { plain: pooled.first ?? pooled.plain ?? '' };
}
