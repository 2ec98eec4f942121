import type { Attribute, Constant, Node } from './onnx-format.ts';

/** Sizes of a tensor, the batch first; null where only a run knows it. @internal */
export type Shape = readonly (number | null)[];

/**
 * Names of one tensor in the graph: as TensorFlow.js lays it out, or `first`, with its last axis moved to axis 1, where ONNX has the
 * channels. With fewer than three axes the two are the same, and it is `plain`.
 *
 * @internal
 */
export interface Layouts {
  plain?: string;
  first?: string;
}

/** A tensor of the graph, with the shape that it has in TensorFlow.js. @internal */
export interface Value extends Layouts {
  readonly shape: Shape;
}

/** One layout of a tensor. @internal */
export interface Laid {
  readonly name: string;
  readonly isFirst: boolean;
}

/** Numbers with their shape. @internal */
export interface Block {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What layers write into. */
interface Graph {
  readonly nodes: Node[];
  readonly constants: Map<string, Constant>;
}

/** The nodes and constants of one layer, under its name. @internal */
export class GraphWriter {
  readonly #graph: Graph;
  readonly #name: string;

  constructor(graph: Graph, name: string) {
    this.#graph = graph;
    this.#name = name;
  }

  /** Adds an operation and gives the name of its output. */
  node(operation: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const { nodes } = this.#graph;
    const output = `${this.#name}:${nodes.length}`;
    nodes.push({ operation, inputs, output, attributes });
    return output;
  }

  /** Adds a constant, once where the layer is used several times, and gives its name. */
  constant(role: string, { shape, values }: Block | Omit<Constant, 'name'>): string {
    const name = `${this.#name}/${role}`;
    this.#graph.constants.set(name, { name, shape, values });
    return name;
  }

  /** A number that operations take as a tensor. */
  scalar(role: string, value: number): string {
    return this.constant(role, { shape: [], values: Float32Array.of(value) });
  }

  /** Integers that operations take as a tensor: axes, shapes, indices. */
  integers(role: string, values: readonly number[]): string {
    return this.constant(role, { shape: [values.length], values: BigInt64Array.from(values, BigInt) });
  }

  /** The tensor as TensorFlow.js lays it out. */
  plain(value: Value): string {
    const { first = '' } = value;
    return (value.plain ??= this.node('Transpose', [first], { perm: lastFromFirst(value.shape.length) }));
  }

  /** The tensor with the channels at axis 1. */
  first(value: Value): string {
    const { length: rank } = value.shape;
    if (rank < 3) return this.plain(value);
    const { plain = '' } = value;
    return (value.first ??= this.node('Transpose', [plain], { perm: firstFromLast(rank) }));
  }

  /** Several tensors of one rank in one layout: channels first where all have that. */
  together(values: readonly Value[]): { readonly names: string[]; readonly isFirst: boolean } {
    const isFirst = values.every(({ first }) => first !== undefined);
    return { names: values.map((value) => (isFirst ? this.first(value) : this.plain(value))), isFirst };
  }

  /** The tensor in a layout that it has already. */
  laid(value: Value): Laid {
    return value.first === undefined
      ? { name: this.plain(value), isFirst: false }
      : { name: value.first, isFirst: true };
  }
}

/** Gives back what was made of a layout. @internal */
export function layouts(name: string, isFirst: boolean): Layouts {
  return isFirst ? { first: name } : { plain: name };
}

/** Where an axis of TensorFlow.js is in a layout. @internal */
export function axisIn({ isFirst }: Pick<Laid, 'isFirst'>, rank: number, axis: number): number {
  return isFirst ? firstFromLast(rank).indexOf(axis) : axis;
}

/** An axis counted from the front. @internal */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** 0, 1, ..., count - 1. @internal */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function firstFromLast(rank: number): number[] {
  return [0, rank - 1, ...range(rank).slice(1, -1)];
}

function lastFromFirst(rank: number): number[] {
  return [0, ...range(rank).slice(2), 1];
}

/** A block with its axes in another order: axis i of the result is axis `order[i]`. @internal */
export function transposed({ shape, values }: Block, order: readonly number[]): Block {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const sizes = order.map((axis) => shape[axis] ?? 1);
  const steps = order.map((axis) => strides[axis] ?? 1);
  const out = new Float32Array(values.length);
  const place = sizes.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = values[from] ?? 0;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const [size = 1, step = 1, at = 0] = [sizes[axis], steps[axis], place[axis]];
      if (at + 1 < size) {
        place[axis] = at + 1;
        from += step;
        break;
      }
      place[axis] = 0;
      from -= step * at;
    }
  }
  return { shape: sizes, values: out };
}
