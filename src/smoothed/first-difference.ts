import * as tf from '@tensorflow/tfjs';
import { isLayersModel } from '../classifier/adapt-classifier.ts';
import type { Classifier } from '../classifier/types.ts';
import { BackendError } from '../errors.ts';
import { CpuReference } from '../tensors/cpu-reference.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** An input as numbers. @internal */
export interface Row {
  readonly values: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}

/** A row whose outputs differ in a batch of so many. */
interface Difference {
  readonly row: Row;
  readonly size: number;
  /** Relative to the largest value of a layer. */
  readonly tolerance: number;
}

/** A tensor of a graph of layers. */
interface Symbolic {
  readonly id: number;
  readonly sourceLayer: Layer;
  readonly nodeIndex: number;
}

/** What is needed of a layer of TensorFlow.js, a model among them. */
interface Layer {
  readonly name: string;
  getClassName?(): string;
  apply(inputs: tf.Tensor | tf.Tensor[], kwargs: object): tf.Tensor | tf.Tensor[];
  readonly inboundNodes: readonly {
    readonly inputTensors: readonly Symbolic[];
    readonly outputTensors: readonly Symbolic[];
    readonly callArgs?: object;
  }[];
  readonly inputs?: readonly Symbolic[];
  readonly outputs?: readonly Symbolic[];
}

/** What is needed of a graph model: nodes with their inputs, and a run to any of them. */
interface Graph {
  execute(inputs: tf.Tensor, outputs: string[]): tf.Tensor | tf.Tensor[];
  readonly executor?: {
    readonly graph?: {
      readonly nodes?: Readonly<
        Record<string, { readonly op: string; readonly inputs: readonly { readonly name: string }[] }>
      >;
    };
  };
}

/** A layer with what `cpu` gave it and got from it. */
interface Step {
  readonly layer: Layer;
  readonly kwargs: object;
  readonly inputs: readonly Row[];
  readonly outputs: readonly Row[];
}

/** Graph nodes keep all their results at once. */
const MOST_GRAPH_ROWS = 8;

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
    if (isLayersModel(classifier))
      return await differingLayer(cpu, classifier as unknown as Layer, [difference.row], difference);
    if (typeof classifier === 'object' && 'execute' in classifier) {
      return await differingNode(cpu, classifier as unknown as Graph, difference);
    }
  } catch {
    // The error that says that the backend is wrong matters more than this search.
  }
  return undefined;
}

async function differingLayer(
  cpu: CpuReference,
  model: Layer,
  feeds: readonly Row[],
  { size, tolerance }: Omit<Difference, 'row'>,
): Promise<string | undefined> {
  for (const { layer, kwargs, inputs, outputs } of await stepsOf(cpu, model, feeds)) {
    const found = await values(() => {
      const given = inputs.map((row) => repeated(row, size));
      return listOf(layer.apply(given.length === 1 ? (given[0] as tf.Tensor) : given, kwargs));
    });
    if (outputs.every((row, i) => isNear(row.values, found[i] as Float32Array, tolerance))) continue;
    const inside =
      layer.outputs === undefined ? undefined : await differingLayer(cpu, layer, inputs, { size, tolerance });
    return inside ?? `layer \`${layer.name}\` (${layer.getClassName?.() ?? 'of an unknown class'})`;
  }
  return undefined;
}

/** All layers of a model in the order in which they are computed, with their values on `cpu`. */
async function stepsOf(cpu: CpuReference, model: Layer, feeds: readonly Row[]): Promise<Step[]> {
  let plans: { layer: Layer; kwargs: object; inputs: readonly number[]; outputs: readonly number[] }[] = [];
  let shapes: number[][] = [];
  const all = await cpu.compute(() => {
    plans = [];
    const tensors: tf.Tensor[] = [];
    const known = new Map<number, number>();
    const put = (symbolic: Symbolic, tensor: tf.Tensor): void => void known.set(symbolic.id, tensors.push(tensor) - 1);
    model.inputs?.forEach((symbolic, i) => put(symbolic, repeated(feeds[i] as Row, 1)));
    const indexOf = (symbolic: Symbolic): number => {
      const index = known.get(symbolic.id);
      if (index !== undefined) return index;
      const layer = symbolic.sourceLayer;
      const node = layer.inboundNodes[symbolic.nodeIndex];
      if (node === undefined) throw new Error('a tensor without its layer');
      const inputs = node.inputTensors.map(indexOf);
      const given = inputs.map((i) => tensors[i] as tf.Tensor);
      const kwargs = { ...node.callArgs, training: false };
      const results = listOf(layer.apply(given.length === 1 ? (given[0] as tf.Tensor) : given, kwargs));
      node.outputTensors.forEach((output, i) => put(output, results[i] as tf.Tensor));
      plans.push({ layer, kwargs, inputs, outputs: node.outputTensors.map(({ id }) => known.get(id) as number) });
      return known.get(symbolic.id) as number;
    };
    model.outputs?.forEach(indexOf);
    shapes = tensors.map(({ shape }) => shape.slice(1));
    return tensors;
  });
  const row = (i: number): Row => ({ values: all[i] as Float32Array<ArrayBuffer>, shape: shapes[i] as number[] });
  return plans.map(({ layer, kwargs, inputs, outputs }) => ({
    layer,
    kwargs,
    inputs: inputs.map(row),
    outputs: outputs.map(row),
  }));
}

async function differingNode(
  cpu: CpuReference,
  model: Graph,
  { row, size, tolerance }: Difference,
): Promise<string | undefined> {
  const nodes = model.executor?.graph?.nodes ?? {};
  const names = inOrder(nodes).filter((name) => !['Const', 'Placeholder', 'NoOp'].includes(nodes[name]?.op ?? 'NoOp'));
  const expected = await cpu.compute(() => listOf(model.execute(repeated(row, 1), names)));
  const found = await values(() => listOf(model.execute(repeated(row, Math.min(size, MOST_GRAPH_ROWS)), names)));
  const at = names.findIndex((_, i) => !isNear(expected[i] as Float32Array, found[i] as Float32Array, tolerance));
  return at < 0 ? undefined : `node \`${names[at]}\` (${nodes[names[at] as string]?.op})`;
}

/** Names of nodes, each after its inputs. */
function inOrder(nodes: NonNullable<NonNullable<NonNullable<Graph['executor']>['graph']>['nodes']>): string[] {
  const order = new Set<string>();
  const visit = (name: string): void => {
    if (order.has(name)) return;
    nodes[name]?.inputs.forEach((input) => visit(input.name));
    order.add(name);
  };
  Object.keys(nodes).forEach(visit);
  return [...order];
}

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

/** Whether every row of a batch agrees with the expected one. */
function isNear(expected: Float32Array, found: Float32Array, tolerance: number): boolean {
  const scale = expected.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  return found.every((value, i) => {
    const other = expected[i % expected.length] as number;
    return Object.is(value, other) || Math.abs(value - other) <= tolerance * scale;
  });
}

function listOf<T>(value: T | readonly T[]): T[] {
  return Array.isArray(value) ? [...(value as T[])] : [value as T];
}

/** Largest finite value, without its sign, of some rows of outputs. @internal */
export function largestOf(reference: readonly Float32Array[]): number {
  let largest = 0;
  for (const row of reference)
    for (const value of row) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/** Largest difference; infinite where one side is not finite and the other is something else. @internal */
export function distance(expected: Float32Array, found: Float32Array): number {
  let largest = expected.length === found.length ? 0 : Infinity;
  expected.forEach((value, i) => {
    const other = found[i] as number;
    if (Object.is(value, other)) return;
    const apart = Math.abs(value - other);
    largest = Math.max(largest, Number.isNaN(apart) ? Infinity : apart);
  });
  return largest;
}

/** Whether the classes differ although the two largest outputs are farther apart than `bound`. @internal */
export function otherClass(expected: Float32Array, found: Float32Array, bound: number): boolean {
  const top = topOf(expected);
  const second = expected.reduce((most, value, c) => (c === top ? most : Math.max(most, value)), -Infinity);
  return (expected[top] as number) - second > bound && topOf(found) !== top;
}

function topOf(row: Float32Array): number {
  return row.reduce((best, value, c) => (value > (row[best] as number) ? c : best), 0);
}

/** Outputs that differ, and where. */
interface Mismatch {
  readonly backend: string | null;
  readonly apart: number;
  readonly scale: number;
  readonly size: number;
  readonly place: string | undefined;
}

/** The error of a check. @internal */
export function mismatch(call: string, { backend, apart, scale, size, place }: Mismatch): BackendError {
  const shown = Number.isFinite(apart) ? String(Number(apart.toPrecision(3))) : 'without limit (one is not finite)';
  const where = place === undefined ? '' : `, first in ${place}`;
  const found = `outputs that differ by ${shown} in a batch of ${size}, where the largest is ${Number(scale.toPrecision(3))}${where}`;
  const text =
    backend === null || backend === 'cpu'
      ? `\`classifier\` must give a row the same outputs in every batch, got ${found} (checkClassifier says more of the classifier)`
      : `\`backend\` must compute what cpu computes, got ${backend} with ${found} (take another backend, for example by tf.setBackend('cpu'))`;
  const field = backend === null || backend === 'cpu' ? 'classifier' : 'backend';
  return new BackendError(text, { call, field, value: backend });
}
