import type { FusedActivation, Padding } from '../tensors/fused-ops.ts';
import type { Normalization } from '../tensors/layer-form.ts';
import type { KnownLayers, LinearLayer, TrainedNormalization } from './known-layers.ts';
import { type GraphLayer, layerGraph, type LayerGraph, type LayerStep, onlyUse } from './layer-graph.ts';

/** One operation of a plan; it stands for one layer or several that follow each other. @internal */
export type PlanStep = { readonly inputs: readonly number[]; readonly outputs: readonly number[] } & (
  | { readonly kind: 'layer'; readonly layer: GraphLayer }
  | {
      readonly kind: 'linear';
      readonly linear: LinearLayer;
      /** Which of the plan's folded layers it is. */
      readonly folded: number | undefined;
      readonly pad: Padding;
      readonly activation: FusedActivation;
    }
  | { readonly kind: 'add-relu'; readonly add: GraphLayer }
  | { readonly kind: 'clamp'; readonly activation: 'relu' | 'relu6' }
  | { readonly kind: 'batch-norm'; readonly norm: TrainedNormalization; readonly layer: GraphLayer }
);

/** A model as operations that are fewer than its layers. @internal */
export interface ModelPlan {
  readonly graph: LayerGraph;
  readonly steps: readonly PlanStep[];
  /** The linear layers that take in a normalisation. */
  readonly folded: readonly { readonly linear: LinearLayer; readonly norm: Normalization }[];
}

/** The layers of a model that is known in all its parts; undefined where it may compute something else than its layers one by one. */
function graphOf(model: GraphLayer, known: KnownLayers): LayerGraph | undefined {
  if (!known.isModel(model)) return undefined;
  const opens = (layer: GraphLayer): boolean =>
    known.isModel(layer) &&
    [...(layer.inputs ?? []), ...(layer.outputs ?? [])].every(({ dtype }) => dtype === 'float32');
  const graph = layerGraph(model, opens);
  return graph === undefined || graph.steps.some(({ layer }) => known.mayMask(layer)) ? undefined : graph;
}

/** Whether its own weights meet the padding, which its kernel then takes in. */
function meetsPadding({ kind }: LinearLayer): boolean {
  return kind === 'conv2d' || kind === 'depthwise';
}

/**
 * The plan of a model for inference: linear layers take in the normalisation and the clamp that follow them and the padding before them, a
 * residual sum the ReLU behind it. All other layers are called as they are.
 * @internal
 */
export function inferencePlan(model: GraphLayer, known: KnownLayers): ModelPlan | undefined {
  const graph = graphOf(model, known);
  if (graph === undefined) return undefined;
  const folded: { readonly linear: LinearLayer; readonly norm: Normalization }[] = [];
  const taken = new Map<number, PlanStep | undefined>();
  const next = (value: number): { readonly at: number; readonly step: LayerStep } | undefined => {
    const at = onlyUse(graph, value);
    return at === undefined || taken.has(at) ? undefined : { at, step: graph.steps[at]! };
  };
  const linearStep = (step: LayerStep, at: number, linear: LinearLayer): PlanStep | undefined => {
    const absorbed: number[] = [];
    let { activation } = linear;
    let output = step.outputs[0]!;
    let follower = next(output);
    const norm =
      follower && activation === 'linear' ? known.normalization(follower.step.layer, graph.ranks[output]!) : undefined;
    if (norm !== undefined) {
      absorbed.push(follower!.at);
      output = follower!.step.outputs[0]!;
      follower = next(output);
    }
    const clamp = follower && activation === 'linear' ? known.clamp(follower.step.layer) : undefined;
    if (clamp !== undefined) {
      absorbed.push(follower!.at);
      output = follower!.step.outputs[0]!;
      activation = clamp;
    }
    if (linear.kind === 'separable' && norm === undefined) return undefined;
    for (const place of absorbed) taken.set(place, undefined);
    const padding = norm && meetsPadding(linear) && linear.places.pad === 'valid' ? paddingBefore(step, at) : undefined;
    const place = norm === undefined ? undefined : folded.push({ linear, norm }) - 1;
    const inputs = padding?.inputs ?? step.inputs;
    return {
      kind: 'linear',
      linear,
      folded: place,
      pad: padding?.pad ?? linear.places.pad,
      activation,
      inputs,
      outputs: [output],
    };
  };
  const paddingBefore = (
    step: LayerStep,
    at: number,
  ): { readonly pad: Padding; readonly inputs: readonly number[] } | undefined => {
    const before = graph.steps.findIndex(({ outputs }) => outputs.includes(step.inputs[0]!));
    const layer = graph.steps[before];
    const pad = layer && onlyUse(graph, step.inputs[0]!) === at ? known.padding(layer.layer) : undefined;
    if (pad === undefined) return undefined;
    taken.set(before, undefined);
    return { pad, inputs: layer!.inputs };
  };
  for (const [at, step] of graph.steps.entries()) {
    if (taken.has(at)) continue;
    const [input] = step.inputs;
    const linear =
      input !== undefined && step.inputs.length === 1 ? known.linear(step.layer, graph.ranks[input]!) : undefined;
    const fused = linear && linearStep(step, at, linear);
    taken.set(at, fused ?? residualStep(graph, at, known, taken) ?? { kind: 'layer', ...step });
  }
  return { graph, steps: inOrder(graph, taken), folded };
}

/** The plan of a model for training: normalisation by the batch, ReLU and residual sums as operations of the library. @internal */
export function trainingPlan(model: GraphLayer, known: KnownLayers): ModelPlan | undefined {
  const graph = graphOf(model, known);
  if (graph === undefined) return undefined;
  const taken = new Map<number, PlanStep | undefined>();
  for (const [at, step] of graph.steps.entries()) {
    if (taken.has(at)) continue;
    const { layer, inputs, outputs } = step;
    const clamp = known.clamp(layer);
    const norm = known.trainedNormalization(layer, graph.ranks[inputs[0]!]!);
    const own: PlanStep | undefined =
      clamp !== undefined
        ? { kind: 'clamp', activation: clamp, inputs, outputs }
        : norm && { kind: 'batch-norm', norm, layer, inputs, outputs };
    taken.set(at, own ?? residualStep(graph, at, known, taken) ?? { kind: 'layer', ...step });
  }
  return { graph, steps: inOrder(graph, taken), folded: [] };
}

/** A sum of two values with the ReLU that alone takes it. */
function residualStep(
  graph: LayerGraph,
  at: number,
  known: KnownLayers,
  taken: Map<number, PlanStep | undefined>,
): PlanStep | undefined {
  const { layer, inputs, outputs } = graph.steps[at]!;
  if (inputs.length !== 2 || !known.isAdd(layer)) return undefined;
  const place = onlyUse(graph, outputs[0]!);
  const relu = place === undefined ? undefined : graph.steps[place]!;
  if (relu === undefined || known.clamp(relu.layer) !== 'relu') return undefined;
  taken.set(place!, undefined);
  return { kind: 'add-relu', add: layer, inputs, outputs: relu.outputs };
}

function inOrder({ steps }: LayerGraph, taken: ReadonlyMap<number, PlanStep | undefined>): PlanStep[] {
  return steps.flatMap((_, at) => taken.get(at) ?? []);
}
