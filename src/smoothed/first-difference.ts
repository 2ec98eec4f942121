import * as tf from '@tensorflow/tfjs';
import { isLayersModel } from '../classifier/adapt-classifier.ts';
import type { Classifier } from '../classifier/types.ts';
import { CpuReference, type CpuValues } from '../tensors/cpu-reference.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { isNear } from './compare-outputs.ts';

/** An input, or a value of a layer for it, without a batch dimension. @internal */
export type Row = CpuValues;

/** A row whose outputs differ in a batch of so many. */
interface Difference {
  readonly row: Row;
  readonly size: number;
  /** Relative to the largest value of a layer. */
  readonly tolerance: number;
}

/**
 * Names the first layer of a layers model whose outputs differ on the current backend, each given the inputs that it has on `cpu`, or the first
 * node of a graph model; undefined for functions, and where no single one differs.
 * @internal
 */
export async function firstDifference(
  call: string,
  classifier: Classifier,
  difference: Difference,
): Promise<string | undefined> {
  const cpu = new CpuReference(call);
  try {
    if (isLayers(classifier)) return await differingLayer(cpu, classifier, [difference.row], difference);
    if (isGraph(classifier)) return await differingNode(cpu, classifier, difference);
  } catch {
    // The error that says that the backend is wrong matters more than this search.
  }
  return undefined;
}

/** What is needed of a layer of TensorFlow.js, a model among them. */
interface Layer {
  readonly name: string;
  getClassName?(): string;
  apply(inputs: tf.Tensor | readonly tf.Tensor[], kwargs: object): tf.Tensor | readonly tf.Tensor[];
  readonly inboundNodes: readonly {
    readonly inputTensors: readonly Symbolic[];
    readonly outputTensors: readonly Symbolic[];
    readonly callArgs?: object;
  }[];
  readonly inputs?: readonly Symbolic[];
  readonly outputs?: readonly Symbolic[];
}

/** A tensor of a graph of layers. */
interface Symbolic {
  readonly id: number;
  readonly sourceLayer: Layer;
  readonly nodeIndex: number;
}

function isLayers(classifier: unknown): classifier is Layer {
  return isLayersModel(classifier);
}

/** A layer with what `cpu` gave it and got from it. */
interface Step {
  readonly layer: Layer;
  readonly kwargs: object;
  readonly inputs: readonly Row[];
  readonly outputs: readonly Row[];
}

async function differingLayer(
  cpu: CpuReference,
  model: Layer,
  feeds: readonly Row[],
  { size, tolerance }: Omit<Difference, 'row'>,
): Promise<string | undefined> {
  for (const { layer, kwargs, inputs, outputs } of await stepsOf(cpu, model, feeds)) {
    const found = await values(() =>
      applied(
        layer,
        inputs.map((row) => repeated(row, size)),
        kwargs,
      ),
    );
    if (outputs.every((row, i) => isNear(row.values, entry(found, i), tolerance))) continue;
    const inside =
      layer.outputs === undefined ? undefined : await differingLayer(cpu, layer, inputs, { size, tolerance });
    return inside ?? `layer \`${layer.name}\` (${layer.getClassName?.() ?? 'of an unknown class'})`;
  }
  return undefined;
}

/** All layers of a model in the order in which they are computed, with their values on `cpu`. */
async function stepsOf(cpu: CpuReference, model: Layer, feeds: readonly Row[]): Promise<Step[]> {
  let walk: Walk = { tensors: [], calls: [] };
  const computed = await cpu.compute(() => {
    walk = walkThrough(model, feeds);
    return walk.tensors;
  });
  const row = (place: number): Row => {
    const { values, shape } = entry(computed, place);
    return { values, shape: shape.slice(1) };
  };
  return walk.calls.map(({ layer, kwargs, inputs, outputs }) => ({
    layer,
    kwargs,
    inputs: inputs.map(row),
    outputs: outputs.map(row),
  }));
}

/** All tensors of a forward pass, and which of them each layer took and gave, by their places. */
interface Walk {
  readonly tensors: tf.Tensor[];
  readonly calls: {
    readonly layer: Layer;
    readonly kwargs: object;
    readonly inputs: readonly number[];
    readonly outputs: readonly number[];
  }[];
}

/** A forward pass of a model, layer by layer: each once all that it needs is there. */
function walkThrough(model: Layer, feeds: readonly Row[]): Walk {
  const walk: Walk = { tensors: [], calls: [] };
  const places = new Map<number, number>();
  const put = ({ id }: Symbolic, tensor: tf.Tensor): number => {
    const place = walk.tensors.push(tensor) - 1;
    places.set(id, place);
    return place;
  };
  const placeOf = (symbolic: Symbolic): number => {
    const known = places.get(symbolic.id);
    if (known !== undefined) return known;
    const layer = symbolic.sourceLayer;
    const node = entry(layer.inboundNodes, symbolic.nodeIndex);
    const inputs = node.inputTensors.map(placeOf);
    const kwargs = { ...node.callArgs, training: false };
    const given = inputs.map((place) => entry(walk.tensors, place));
    const results = applied(layer, given, kwargs);
    const outputs = node.outputTensors.map((output, i) => put(output, entry(results, i)));
    walk.calls.push({ layer, kwargs, inputs, outputs });
    const place = places.get(symbolic.id);
    if (place === undefined) throw new Error('a tensor without its layer');
    return place;
  };
  model.inputs?.forEach((symbolic, i) => put(symbolic, repeated(entry(feeds, i), 1)));
  model.outputs?.forEach(placeOf);
  return walk;
}

/** What is needed of a graph model: nodes with their inputs, and a run to any of them. */
interface Graph {
  execute(inputs: tf.Tensor, outputs: string[]): tf.Tensor | readonly tf.Tensor[];
  readonly executor?: { readonly graph?: { readonly nodes?: Nodes } };
}

type Nodes = Readonly<Record<string, { readonly op: string; readonly inputs: readonly { readonly name: string }[] }>>;

function isGraph(classifier: unknown): classifier is Graph {
  return typeof classifier === 'object' && classifier !== null && 'execute' in classifier;
}

/** Graph nodes keep all their results at once. */
const MOST_GRAPH_ROWS = 8;
const NO_RESULTS: readonly (string | undefined)[] = ['Const', 'Placeholder', 'NoOp', undefined];

async function differingNode(
  cpu: CpuReference,
  model: Graph,
  { row, size, tolerance }: Difference,
): Promise<string | undefined> {
  const nodes = model.executor?.graph?.nodes ?? {};
  const names = inOrder(nodes).filter((name) => !NO_RESULTS.includes(nodes[name]?.op));
  const run = (rows: number): readonly tf.Tensor[] => listOf(model.execute(repeated(row, rows), names));
  const expected = await cpu.compute(() => run(1));
  const found = await values(() => run(Math.min(size, MOST_GRAPH_ROWS)));
  const name = names.find((_, i) => !isNear(entry(expected, i).values, entry(found, i), tolerance));
  return name === undefined ? undefined : `node \`${name}\` (${nodes[name]?.op})`;
}

/** Names of nodes, each after its inputs. */
function inOrder(nodes: Nodes): string[] {
  const order = new Set<string>();
  const visit = (name: string): void => {
    if (order.has(name)) return;
    nodes[name]?.inputs.forEach((input) => visit(input.name));
    order.add(name);
  };
  Object.keys(nodes).forEach(visit);
  return [...order];
}

function applied(layer: Layer, inputs: readonly tf.Tensor[], kwargs: object): readonly tf.Tensor[] {
  const [only] = inputs;
  return listOf(layer.apply(only !== undefined && inputs.length === 1 ? only : inputs, kwargs));
}

/** A batch of so many times the same row. */
function repeated({ values, shape }: Row, size: number): tf.Tensor {
  const all = new Float32Array(size * values.length);
  for (let i = 0; i < size; i++) all.set(values, i * values.length);
  return tensorOver(all, [size, ...shape], 'float32');
}

/** Values of tensors of the current backend. */
async function values(compute: () => readonly tf.Tensor[]): Promise<Float32Array[]> {
  const tensors = tf.tidy(() => compute().map((tensor) => tf.clone(tensor)));
  try {
    return await Promise.all(tensors.map(async (tensor) => Float32Array.from(await tensor.data())));
  } finally {
    tf.dispose(tensors);
  }
}

function listOf<T extends object>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** An entry of a list that is there. @internal */
export function entry<T>(list: readonly T[], place: number): T {
  const found = list[place];
  if (found === undefined) throw new RangeError(`no entry ${place} of ${list.length}`);
  return found;
}
