import { activated, activationLayers, activations, mapped } from './activation-nodes.ts';
import { type Block, fromFront, type Layouts, layouts, type Value } from './graph-writer.ts';
import type { LayerToWrite, LayerWriter } from './layer-to-write.ts';
import { shapeLayers } from './shape-nodes.ts';
import { windowLayers } from './window-nodes.ts';

/** In inference these give back what they get. */
const same: LayerWriter = ({ x }) => x;

/** Layers with sums over the last axis, and those that shift and scale. */
const otherLayers: Readonly<Record<string, LayerWriter>> = {
  InputLayer: same,
  Dropout: same,
  SpatialDropout1D: same,
  AlphaDropout: same,
  GaussianDropout: same,
  GaussianNoise: same,
  Dense: (layer) => {
    const { weights, x, graph } = layer;
    const names = weights.map((weight, i) => graph.constant(i === 0 ? 'kernel' : 'bias', weight));
    if (x.shape.length === 2) return activated(layer, { plain: graph.node('Gemm', [graph.plain(x), ...names]) });
    const [kernel = '', bias] = names;
    const product = graph.node('MatMul', [graph.plain(x), kernel]);
    return activated(layer, { plain: bias === undefined ? product : graph.node('Add', [product, bias]) });
  },
  Rescaling: ({ config, x, graph }) => {
    const [scale, offset] = [config['scale'], config['offset']].map(blockOf);
    // Numbers for each channel are laid out as TensorFlow.js has them.
    const isPlain = [scale, offset].some((block) => block?.shape.length !== 0);
    return mapped(isPlain ? { plain: graph.plain(x) } : x, (name) => {
      const scaled = graph.node('Mul', [name, graph.constant('scale', scale ?? one)]);
      return graph.node('Add', [scaled, graph.constant('offset', offset ?? one)]);
    });
  },
  BatchNormalization: (layer) => {
    const { config, weights, x, graph } = layer;
    const { length: rank } = x.shape;
    const axis = fromFront(Number(config['axis']), rank);
    const rest = [...weights];
    const [gamma, beta] = ['scale', 'center'].map((has) => (config[has] === false ? undefined : rest.shift()));
    const [mean = one, variance = one] = rest;
    if (axis !== rank - 1) return cyclicNormalization(layer, [gamma, beta, mean, variance]);
    const constant = (value: number): Block => ({ shape: mean.shape, values: mean.values.map(() => value) });
    const names = [
      graph.constant('gamma', gamma ?? constant(1)),
      graph.constant('beta', beta ?? constant(0)),
      graph.constant('mean', mean),
      graph.constant('variance', variance),
    ];
    return batchNormalization(layer, names);
  },
  LayerNormalization: ({ config, weights, x, graph }) => {
    const { length: rank } = x.shape;
    const axes = [config['axis'] as number | number[]].flat().map((axis) => fromFront(axis, rank));
    const broadcast = ({ values }: Block): Block => ({ shape: sizesAt(x, axes), values });
    const name = graph.plain(x);
    const centered = graph.node('Sub', [name, graph.node('ReduceMean', [name], { axes })]);
    const variance = graph.node('ReduceMean', [graph.node('Mul', [centered, centered])], { axes });
    const shifted = graph.node('Add', [variance, graph.scalar('epsilon', config['epsilon'] as number)]);
    const rest = [...weights];
    const gamma = config['scale'] === false ? undefined : rest.shift();
    let result = graph.node('Div', [centered, graph.node('Sqrt', [shifted])]);
    if (gamma) result = graph.node('Mul', [result, graph.constant('gamma', broadcast(gamma))]);
    for (const beta of rest) result = graph.node('Add', [result, graph.constant('beta', broadcast(beta))]);
    return { plain: result };
  },
  CatrsTorchBatchNormalization: (layer) => {
    const names = layer.weights.map((weight, i) => layer.graph.constant(`weight${i}`, weight));
    return batchNormalization(layer, names);
  },
  CatrsNormalize: ({ config, x, graph }) =>
    mapped(x, (name, isFirst) => {
      const constantOf = (role: 'mean' | 'std'): string => {
        const values = Float32Array.from(config[role] as number[]);
        const shape = [values.length, ...new Array<number>(isFirst ? x.shape.length - 2 : 0).fill(1)];
        return graph.constant(role, { shape, values });
      };
      return graph.node('Div', [graph.node('Sub', [name, constantOf('mean')]), constantOf('std')]);
    }),
};

const writers: Readonly<Record<string, LayerWriter>> = {
  ...otherLayers,
  ...windowLayers,
  ...activationLayers,
  ...shapeLayers,
};

/** The layer classes that can be written, in alphabetical order. @internal */
export const writtenLayers: readonly string[] = Object.keys(writers).sort();

/** The activations that can be written. @internal */
export const writtenActivations: readonly string[] = Object.keys(activations).sort();

/** The writer of a layer class. @internal */
export function layerWriter(className: string): LayerWriter | undefined {
  return Object.hasOwn(writers, className) ? writers[className] : undefined;
}

const one: Block = { shape: [], values: Float32Array.of(1) };

function blockOf(setting: unknown): Block {
  return Array.isArray(setting)
    ? { shape: [setting.length], values: Float32Array.from(setting as number[]) }
    : { shape: [], values: Float32Array.of(setting as number) };
}

/** The sizes of some axes, and 1 for the others. */
function sizesAt({ shape }: Value, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? (size ?? 1) : 1));
}

/** Of scale, shift, mean and variance, along the channels. */
function batchNormalization({ config, x, graph }: LayerToWrite, names: readonly string[]): Layouts {
  const attributes = { epsilon: { float: config['epsilon'] as number } };
  const name = graph.node('BatchNormalization', [graph.first(x), ...names], attributes);
  return layouts(name, x.shape.length > 2);
}

/**
 * Along another axis than the last, `cpu` and `wasm` repeat the statistics over the numbers of an example as they lie in memory, in training
 * as in inference.
 */
function cyclicNormalization(
  { config, x, graph, refuse }: LayerToWrite,
  [gamma, beta, mean = one, variance = one]: readonly (Block | undefined)[],
): Layouts {
  const shape = x.shape
    .slice(1)
    .map((size) => size ?? refuse('an axis that is not the last, for an input of free size'));
  const epsilon = config['epsilon'] as number;
  const factors = variance.values.map((value, i) => (gamma?.values[i] ?? 1) / Math.sqrt(value + epsilon));
  const offsets = mean.values.map((value, i) => (beta?.values[i] ?? 0) - value * (factors[i] ?? 1));
  const count = shape.reduce((product, size) => product * size, 1);
  const constant = (role: string, cycle: Float32Array): string =>
    graph.constant(role, {
      shape,
      values: Float32Array.from({ length: count }, (_, i) => cycle[i % cycle.length] ?? 0),
    });
  const scaled = graph.node('Mul', [graph.plain(x), constant('factors', factors)]);
  return { plain: graph.node('Add', [scaled, constant('offsets', offsets)]) };
}
