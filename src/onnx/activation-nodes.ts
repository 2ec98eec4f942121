import { fromFront, type GraphWriter, type Layouts, layouts, range, transposed } from './graph-writer.ts';
import type { LayerToWrite, LayerWriter } from './layer-to-write.ts';

/** Writes an activation of `x`; `axis` is the last one of TensorFlow.js. */
type Activate = (graph: GraphWriter, x: string, axis: number) => string;

const operation =
  (name: string): Activate =>
  (graph, x) =>
    graph.node(name, [x]);

const clip = (graph: GraphWriter, x: string, most: number): string =>
  graph.node('Clip', [x, graph.scalar('least', 0), graph.scalar('most', most)]);

/** Half of x times 1 + y. */
const gated = (graph: GraphWriter, x: string, y: string): string => {
  const gate = graph.node('Add', [y, graph.scalar('one', 1)]);
  return graph.node('Mul', [graph.node('Mul', [x, graph.scalar('half', 0.5)]), gate]);
};

/** The activations that can be written, by their names in `tf.layers`. @internal */
export const activations: Readonly<Record<string, Activate>> = {
  linear: (_, x) => x,
  relu: operation('Relu'),
  relu6: (graph, x) => clip(graph, x, 6),
  elu: operation('Elu'),
  selu: operation('Selu'),
  sigmoid: operation('Sigmoid'),
  hardSigmoid: (graph, x) => graph.node('HardSigmoid', [x], { alpha: { float: 0.2 }, beta: { float: 0.5 } }),
  tanh: operation('Tanh'),
  softplus: operation('Softplus'),
  softsign: operation('Softsign'),
  softmax: (graph, x, axis) => graph.node('Softmax', [x], { axis }),
  logSoftmax: (graph, x, axis) => graph.node('LogSoftmax', [x], { axis }),
  swish: (graph, x) => graph.node('Mul', [x, graph.node('Sigmoid', [x])]),
  mish: (graph, x) => graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x])])]),
  gelu: (graph, x) => gated(graph, x, graph.node('Erf', [graph.node('Div', [x, graph.scalar('root', Math.SQRT2)])])),
  gelu_new: (graph, x) => {
    const cube = graph.node('Mul', [x, graph.node('Mul', [x, x])]);
    const bent = graph.node('Add', [x, graph.node('Mul', [cube, graph.scalar('cubic', 0.044715)])]);
    const scaled = graph.node('Mul', [bent, graph.scalar('root', Math.sqrt(2 / Math.PI))]);
    return gated(graph, x, graph.node('Tanh', [scaled]));
  },
};

/** What a layer computed, behind its `activation`. @internal */
export function activated({ config, graph, x, refuse }: LayerToWrite, written: Layouts): Layouts {
  const name = config['activation'] as string;
  const activate = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activate === undefined) return refuse(`activation ${JSON.stringify(name)}`);
  return mapped(written, (y, isFirst) => activate(graph, y, isFirst ? 1 : x.shape.length - 1));
}

/** Applies what treats each number alone, in a layout that is there. @internal */
export function mapped({ plain = '', first }: Layouts, write: (x: string, isFirst: boolean) => string): Layouts {
  return first === undefined ? { plain: write(plain, false) } : { first: write(first, true) };
}

/** Layers that are activations. @internal */
export const activationLayers: Readonly<Record<string, LayerWriter>> = {
  Activation: (layer) => activated(layer, layer.x),
  // TensorFlow.js knows no other setting of it.
  ReLU: ({ config: { maxValue }, x, graph }) =>
    mapped(x, (name) =>
      typeof maxValue === 'number' ? clip(graph, graph.node('Relu', [name]), maxValue) : graph.node('Relu', [name]),
    ),
  LeakyReLU: ({ config, x, graph }) =>
    mapped(x, (name) => graph.node('LeakyRelu', [name], { alpha: { float: config['alpha'] as number } })),
  ELU: ({ x, graph }) => mapped(x, (name) => graph.node('Elu', [name])),
  ThresholdedReLU: ({ config, x, graph }) =>
    mapped(x, (name) => graph.node('ThresholdedRelu', [name], { alpha: { float: config['theta'] as number } })),
  PReLU: ({ weights: [alpha = { shape: [], values: new Float32Array(0) }], x, graph }) =>
    mapped(x, (name, isFirst) => {
      const { length } = alpha.shape;
      const slope = isFirst ? transposed(alpha, [length - 1, ...range(length - 1)]) : alpha;
      return graph.node('PRelu', [name, graph.constant(isFirst ? 'alpha:first' : 'alpha', slope)]);
    }),
  Softmax: ({ config, x, graph }) => {
    const { length: rank } = x.shape;
    const axes = [config['axis'] as number | number[]].flat().map((axis) => fromFront(axis, rank));
    const name = graph.plain(x);
    if (axes.length === 1) return layouts(graph.node('Softmax', [name], { axis: axes[0] ?? 1 }), false);
    const sum = graph.node('ReduceLogSumExp', [name], { axes });
    return layouts(graph.node('Exp', [graph.node('Sub', [name, sum])]), false);
  },
};
