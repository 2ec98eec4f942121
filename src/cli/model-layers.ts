import type * as tf from '@tensorflow/tfjs';
import { isLayersModel } from '../classifier/adapt-classifier.ts';
import type { Classifier } from '../classifier/types.ts';

/** The scale that a model puts its inputs on before anything else: x · scale + offset. @internal */
export interface InputScale {
  /** What does it, for people. */
  readonly name: string;
  readonly scale: number;
  readonly offset: number;
}

/** The scale at the beginning of a model, where it can be told. @internal */
export async function inputScale(model: Classifier): Promise<InputScale | undefined> {
  if (isLayersModel(model)) return scaleOfLayers((model as Partial<tf.LayersModel>).layers ?? []);
  return scaleOfGraph(model as { readonly executor?: Executor });
}

/** The activation of the layer that makes the output of a layers model; undefined where it is not seen. @internal */
export function outputActivation(model: Classifier): string | undefined {
  if (!isLayersModel(model)) return undefined;
  const last = (model as Partial<tf.LayersModel>).layers?.at(-1) as Nested | undefined;
  if (last?.layers) return outputActivation(last as unknown as Classifier);
  const activation = last?.getConfig?.()['activation'];
  return typeof activation === 'string' ? activation : undefined;
}

type Nested = tf.layers.Layer & { readonly layers?: readonly tf.layers.Layer[] };

function scaleOfLayers(layers: readonly tf.layers.Layer[]): InputScale | undefined {
  for (const layer of layers) {
    const { layers: inner } = layer as Nested;
    if (inner) return scaleOfLayers(inner);
    const name = layer.getClassName();
    if (name === 'InputLayer' || name === 'Dropout' || name === 'Reshape') continue;
    if (name !== 'Rescaling') return undefined;
    const { scale, offset } = layer.getConfig() as { readonly scale: number; readonly offset: number };
    return { name: `Rescaling(${Number(scale.toPrecision(6))})`, scale, offset };
  }
  return undefined;
}

/** What is looked at of the graph of a graph model. */
interface Executor {
  readonly graph?: { readonly inputs?: readonly GraphNode[] };
  readonly weightMap?: Readonly<Record<string, readonly tf.Tensor[]>>;
}

interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly GraphNode[];
  readonly children: readonly GraphNode[];
}

const PASSING = new Set(['Placeholder', 'Identity', 'Cast', 'Reshape', 'StopGradient']);
const MOST_STEPS = 8;

/** A multiplication by a number, or a division by one, and a sum behind it. */
async function scaleOfGraph({ executor }: { readonly executor?: Executor }): Promise<InputScale | undefined> {
  let node = executor?.graph?.inputs?.[0];
  let found: InputScale | undefined;
  for (let step = 0; node !== undefined && step < MOST_STEPS; step++) {
    const { op, inputs } = node;
    if (!PASSING.has(op)) {
      const value = await constantOf(inputs.map(({ name }) => executor?.weightMap?.[name]?.[0]));
      if (value === undefined) return found;
      if (found === undefined && op === 'Mul')
        found = { name: `x * ${Number(value.toPrecision(6))}`, scale: value, offset: 0 };
      else if (found === undefined && /^(Real)?Div$/.test(op))
        found = { name: `x / ${value}`, scale: 1 / value, offset: 0 };
      else if (found !== undefined && /^(Add|AddV2|Sub)$/.test(op))
        return { ...found, offset: op === 'Sub' ? -value : value };
      else return found;
    }
    const [next, another]: readonly GraphNode[] = node.children;
    node = another === undefined ? next : undefined;
  }
  return found;
}

/** The value of the one weight among the inputs of a node. */
async function constantOf(weights: readonly (tf.Tensor | undefined)[]): Promise<number | undefined> {
  const [weight, another] = weights.filter((one) => one !== undefined);
  if (weight === undefined || another !== undefined || weight.size !== 1) return undefined;
  return (await weight.data())[0];
}
