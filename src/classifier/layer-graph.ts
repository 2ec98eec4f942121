import type * as tf from '@tensorflow/tfjs';
import type { WithLayerForm } from '../tensors/layer-form.ts';

/** What is read of a layer of TensorFlow.js. @internal */
export interface GraphLayer extends WithLayerForm {
  readonly name: string;
  readonly inboundNodes: readonly GraphNode[];
  readonly stateful?: boolean;
  apply(inputs: tf.Tensor | tf.Tensor[], kwargs: object): tf.Tensor | tf.Tensor[];
  /** Only models have these. */
  readonly inputs?: readonly Symbolic[];
  readonly outputs?: readonly Symbolic[];
}

interface GraphNode {
  readonly inputTensors: readonly Symbolic[];
  readonly outputTensors: readonly Symbolic[];
}

/** A tensor that a model declares. @internal */
export interface Symbolic {
  readonly id: number;
  readonly sourceLayer: GraphLayer;
  readonly nodeIndex: number;
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
}

/** A layer at one place of a model: which values it takes and gives. @internal */
export interface LayerStep {
  readonly layer: GraphLayer;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** The layers of a model in the order in which they are computed; values are numbers, that of the input is 0. @internal */
export interface LayerGraph {
  readonly steps: readonly LayerStep[];
  readonly output: number;
  /** Number of axes of each value. */
  readonly ranks: readonly number[];
  /** Where each value goes: the places of the steps that take it. The output of the model has one more use. */
  readonly uses: readonly (readonly number[])[];
}

/**
 * The layers of a model with one input and one output of float32; undefined for any other model.
 *
 * A layer that stands at several places has several steps. Models inside are opened where `opens` says so.
 * @internal
 */
export function layerGraph(model: GraphLayer, opens: (layer: GraphLayer) => boolean): LayerGraph | undefined {
  const [[input, ...moreInputs], [output, ...moreOutputs]] = [model.inputs ?? [], model.outputs ?? []];
  if (input === undefined || output === undefined || moreInputs.length > 0 || moreOutputs.length > 0) return undefined;
  if (input.dtype !== 'float32') return undefined;
  const steps: LayerStep[] = [];
  const ranks = [input.shape.length];
  const visit = (symbolic: Symbolic, known: Map<number, number>): number => {
    const found = known.get(symbolic.id);
    if (found !== undefined) return found;
    const layer = symbolic.sourceLayer;
    const node = layer.inboundNodes[symbolic.nodeIndex];
    if (node === undefined || node.inputTensors.length === 0) throw new UnknownGraph();
    const inputs = node.inputTensors.map((tensor) => visit(tensor, known));
    const outputs = opens(layer)
      ? inside(layer, inputs)
      : node.outputTensors.map(({ shape }) => ranks.push(shape.length) - 1);
    if (!opens(layer)) steps.push({ layer, inputs, outputs });
    node.outputTensors.forEach((tensor, i) => known.set(tensor.id, outputs[i] as number));
    return known.get(symbolic.id) as number;
  };
  const inside = ({ inputs = [], outputs = [] }: GraphLayer, given: readonly number[]): number[] => {
    const known = new Map(inputs.map(({ id }, i) => [id, given[i] as number]));
    return outputs.map((symbolic) => visit(symbolic, known));
  };
  try {
    const last = visit(output, new Map([[input.id, 0]]));
    const uses = ranks.map((): number[] => []);
    steps.forEach((step, i) => step.inputs.forEach((value) => uses[value]?.push(i)));
    uses[last]?.push(steps.length);
    return { steps, output: last, ranks, uses };
  } catch (error) {
    if (error instanceof UnknownGraph) return undefined;
    throw error;
  }
}

/** A model whose tensors do not all come from its input. */
class UnknownGraph extends Error {}

/** The only step that takes a value; undefined where there are several, or where the model gives it away. @internal */
export function onlyUse({ steps, uses }: LayerGraph, value: number): number | undefined {
  const [first, ...more] = uses[value] ?? [];
  return first === undefined || more.length > 0 || first >= steps.length ? undefined : first;
}
