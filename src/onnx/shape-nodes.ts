import { axisIn, fromFront, type GraphWriter, type Laid, type Layouts, layouts, range } from './graph-writer.ts';
import type { LayerToWrite, LayerWriter } from './layer-to-write.ts';

/** Layers that move, cut, repeat or join numbers. @internal */
export const shapeLayers: Readonly<Record<string, LayerWriter>> = {
  Flatten: ({ config, x, graph }) => {
    const axes = range(x.shape.length);
    const moved = config['dataFormat'] === 'channelsFirst' && { perm: [0, ...axes.slice(2), 1] };
    const name = moved ? graph.node('Transpose', [graph.plain(x)], moved) : graph.plain(x);
    return { plain: graph.node('Flatten', [name], { axis: 1 }) };
  },
  Reshape: ({ config, x, graph }) => {
    const target = config['targetShape'] as (number | null)[];
    const shape = graph.integers('shape', [0, ...target.map((size) => size ?? -1)]);
    return { plain: graph.node('Reshape', [graph.plain(x), shape]) };
  },
  Permute: ({ config, x, graph }) => ({
    plain: graph.node('Transpose', [graph.plain(x)], { perm: [0, ...(config['dims'] as number[])] }),
  }),
  RepeatVector: ({ config, x, graph }) => {
    const row = graph.node('Unsqueeze', [graph.plain(x), graph.integers('axes', [1])]);
    return { plain: graph.node('Tile', [row, graph.integers('repeats', [1, config['n'] as number, 1])]) };
  },
  ZeroPadding2D: (layer) => {
    const { config, x, graph } = layer;
    const { name, isFirst } = graph.laid(x);
    const sides = config['padding'] as unknown as Sides;
    const pads = new Array<number>(8).fill(0);
    spaceAxes(layer).forEach((axis, i) => {
      const at = axisIn({ isFirst }, 4, axis);
      [pads[at] = 0, pads[at + 4] = 0] = sides[i] ?? [0, 0];
    });
    return layouts(graph.node('Pad', [name, graph.integers('pads', pads)]), isFirst);
  },
  Cropping2D: (layer) => {
    const { config, x, graph } = layer;
    const { name, isFirst } = graph.laid(x);
    const sides = config['cropping'] as unknown as Sides;
    const axes = spaceAxes(layer).map((axis) => axisIn({ isFirst }, 4, axis));
    const cut = [
      graph.integers('starts', sides.map(([before]) => before)), // prettier-ignore
      graph.integers('ends', sides.map(([, after]) => (after > 0 ? -after : INT32_MAX))), // prettier-ignore
      graph.integers('axes', axes),
    ];
    return layouts(graph.node('Slice', [name, ...cut]), isFirst);
  },
  UpSampling2D: (layer) => {
    const { config, x, graph } = layer;
    const size = config['size'] as [number, number];
    const bilinear = config['interpolation'] === 'bilinear';
    return spaceAxes(layer).reduce<Layouts>(
      (input, axis, i) => {
        const laid = graph.laid({ ...input, shape: x.shape });
        const extent = x.shape[axis] ?? layer.refuse('an input of free height or width');
        const at = axisIn(laid, 4, axis);
        const role = i === 0 ? 'rows' : 'columns';
        const stretch = { name: laid.name, axis: at, role, from: extent, to: extent * (size[i] ?? 1) };
        return layouts(bilinear ? interpolated(graph, stretch) : repeated(graph, stretch), laid.isFirst);
      },
      { ...x },
    );
  },
  Add: merge((graph, names) => chain(graph, 'Add', names)),
  Multiply: merge((graph, names) => chain(graph, 'Mul', names)),
  Maximum: merge((graph, names) => graph.node('Max', names)),
  Minimum: merge((graph, names) => graph.node('Min', names)),
  Average: merge((graph, names) =>
    graph.node('Mul', [chain(graph, 'Add', names), graph.scalar('share', 1 / names.length)]),
  ),
  Concatenate: ({ config, x, inputs, graph, refuse }) => {
    const { length: rank } = x.shape;
    const axis = config['axis'] as number;
    // Of the negative axes TensorFlow.js knows -1 only, and along 0 it would join images.
    if (axis < -1 || axis === 0) return refuse(`axis ${axis}`);
    const { names, isFirst } = graph.together(inputs);
    return layouts(graph.node('Concat', names, { axis: axisIn({ isFirst }, rank, fromFront(axis, rank)) }), isFirst);
  },
  Dot: (layer) => {
    const { config, inputs, graph, refuse } = layer;
    const ranks = inputs.map(({ shape }) => shape.length);
    const given = config['axes'] as number | [number, number];
    const axes = ranks.map((rank, i) => fromFront(Array.isArray(given) ? (given[i] ?? -1) : given, rank));
    if (ranks[0] !== ranks[1]) return refuse('inputs of different ranks');
    if (axes.includes(0)) return refuse('axes that hold the batch');
    const [a = '', b = ''] = inputs.map((input, i) => {
      const name = graph.plain(input);
      return config['normalize'] === true ? normalized(graph, name, axes[i] ?? 1) : name;
    });
    if (ranks[0] === 2) {
      return { plain: graph.node('ReduceSum', [graph.node('Mul', [a, b]), graph.integers('axes', [1])]) };
    }
    const swapped = (name: string): string => graph.node('Transpose', [name], { perm: [0, 2, 1] });
    return { plain: graph.node('MatMul', [axes[0] === 2 ? a : swapped(a), axes[1] === 1 ? b : swapped(b)]) };
  },
};

/** Before and after, of the height and of the width. */
type Sides = readonly [number, number][];

/** An end beyond every axis. */
const INT32_MAX = 2 ** 31 - 1;

/** Height and width as TensorFlow.js lays them out. */
function spaceAxes({ isChannelsFirst }: LayerToWrite): [number, number] {
  return isChannelsFirst ? [2, 3] : [1, 2];
}

/** Tensors of lower rank get axes of one behind the batch. */
function merge(write: (graph: GraphWriter, names: string[]) => string): LayerWriter {
  return ({ inputs, graph }) => {
    const most = Math.max(...inputs.map(({ shape }) => shape.length));
    if (inputs.every(({ shape }) => shape.length === most)) {
      const { names, isFirst } = graph.together(inputs);
      return layouts(write(graph, names), isFirst);
    }
    const names = inputs.map((input) => {
      const missing = most - input.shape.length;
      if (missing === 0) return graph.plain(input);
      const axes = graph.integers(`axes${missing}`, range(missing + 1).slice(1));
      return graph.node('Unsqueeze', [graph.plain(input), axes]);
    });
    return { plain: write(graph, names) };
  };
}

function chain(graph: GraphWriter, operation: string, names: readonly string[]): string {
  return names.reduce((result, name) => graph.node(operation, [result, name]));
}

/** Divided by its length along an axis, which is at least the root of 1e-7, as `tf.backend().epsilon()` has it. */
function normalized(graph: GraphWriter, x: string, axis: number): string {
  const squares = graph.node('ReduceSum', [graph.node('Mul', [x, x]), graph.integers(`norm${axis}`, [axis])]);
  return graph.node('Div', [x, graph.node('Sqrt', [graph.node('Max', [squares, graph.scalar('epsilon', 1e-7)])])]);
}

/** An axis of one layout that gets longer. */
interface Stretch extends Pick<Laid, 'name'> {
  readonly axis: number;
  readonly role: string;
  readonly from: number;
  readonly to: number;
}

/** Where each new place comes from, in the arithmetic of TensorFlow.js. */
function sources({ from, to }: Stretch): number[] {
  return range(to).map((i) => i * (from / to));
}

function repeated(graph: GraphWriter, stretch: Stretch): string {
  const places = sources(stretch).map((place) => Math.min(stretch.from - 1, Math.floor(place)));
  return graph.node('Gather', [stretch.name, graph.integers(stretch.role, places)], { axis: stretch.axis });
}

function interpolated(graph: GraphWriter, stretch: Stretch): string {
  const { name, axis, role, from, to } = stretch;
  const places = sources(stretch);
  const gather = (what: string, round: (place: number) => number): string => {
    const at = graph.integers(`${role}:${what}`, places.map(round));
    return graph.node('Gather', [name, at], { axis });
  };
  const below = gather('below', Math.floor);
  const above = gather('above', (place) => Math.min(from - 1, Math.ceil(place)));
  const values = Float32Array.from(places, (place) => place - Math.floor(place));
  const shares = graph.constant(`${role}:shares`, { shape: [to, ...new Array<number>(3 - axis).fill(1)], values });
  return graph.node('Add', [below, graph.node('Mul', [graph.node('Sub', [above, below]), shares])]);
}
