import * as tf from '@tensorflow/tfjs';
import { isObject, type Json, type JsonObject, type Refuse } from './keras-layers.ts';
import { isOfKeras3, isOwn, translateTopology } from './keras-topology.ts';
import { matchWeights, type Variable } from './keras-weights.ts';

/** What is refused, by kind. @internal */
export interface KerasRefusals {
  /** TensorFlow.js would compute another function. */
  readonly layer: Refuse;
  /** It is not clear which variable gets which weight. */
  readonly weight: Refuse;
}

/** Loads a layers model, with its topology translated where Keras wrote it, and its weights matched where names differ. @internal */
export async function loadKerasModel(artifacts: tf.io.ModelArtifacts, refuse: KerasRefusals): Promise<tf.LayersModel> {
  const { weightSpecs = [], weightData, ...rest } = artifacts;
  const topology = artifacts.modelTopology as JsonObject;
  const { topology: modelTopology, before } = translateTopology(topology, refuse.layer);
  if (isOwn(topology)) return tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
  const areKnown = !isOfKeras3(topology) && haveKnownNames(topology, weightSpecs);
  const given = areKnown || weightData === undefined ? artifacts : rest;
  const model = await tf.loadLayersModel({ load: () => Promise.resolve({ ...given, modelTopology }) });
  try {
    checkAxes(model, refuse.layer);
    if (given === rest && weightData) {
      setWeights(model, { weightSpecs, weightData, topology, before, refuse: refuse.weight });
    }
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** On `cpu` and `wasm` TensorFlow.js normalises along the last axis only, and it joins along -1 whatever negative axis is asked for. */
function checkAxes(model: tf.LayersModel, refuse: Refuse): void {
  for (const layer of model.layers) {
    if ('layers' in layer) checkAxes(layer as tf.LayersModel, refuse);
    const kind = layer.getClassName();
    if (kind !== 'BatchNormalization' && kind !== 'Concatenate') continue;
    const axis = Number(layer.getConfig()['axis']);
    const shape = layer.inboundNodes[0]?.inputTensors[0]?.shape ?? [];
    const behind = shape.slice(axis < 0 ? axis + shape.length : axis).slice(1);
    const isWrong = kind === 'Concatenate' ? axis < -1 : behind.some((size) => size !== 1);
    if (isWrong) refuse(`layer ${JSON.stringify(layer.name)} (${kind}) with axis ${axis}`);
  }
}

/** Whether names begin with those of layers, and each is there once. */
function haveKnownNames(topology: JsonObject, weights: readonly tf.io.WeightsManifestEntry[]): boolean {
  const layers = new Set<Json>();
  const walk = (value: Json): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isObject(value) && isObject(value['config'])) layers.add(value['config']['name'] ?? null);
    Object.values(value).forEach((item: Json) => walk(item));
  };
  const { model_config: inside } = topology;
  const root = isObject(inside) ? inside : topology;
  walk(isObject(root['config']) ? (root['config']['layers'] ?? null) : (root['config'] ?? null));
  const names = weights.filter(isOfModel).map(({ name }) => name);
  return new Set(names).size === names.length && names.every((name) => layers.has(name.split('/')[0] ?? ''));
}

/** And not of an optimizer. */
const isOfModel = ({ group }: tf.io.WeightsManifestEntry): boolean => group !== 'optimizer';

interface Stored {
  readonly weightSpecs: tf.io.WeightsManifestEntry[];
  readonly weightData: tf.io.WeightData;
  readonly topology: JsonObject;
  readonly before: ReadonlyMap<string, string>;
  readonly refuse: Refuse;
}

function setWeights(model: tf.LayersModel, { weightSpecs, weightData, topology, before, refuse }: Stored): void {
  const stored = (name: string): string => before.get(name) ?? name;
  const variables = variablesOf(model, []).map(({ containers, layer, name, ...rest }): Waiting => ({
    containers: containers.map(stored),
    layer: stored(layer),
    name: `${stored(layer)}${name.slice(layer.length)}`,
    ...rest,
  }));
  const weights = weightSpecs.filter(isOfModel).map(({ name, shape }) => ({ name, shape }));
  const places = matchWeights({ weights, variables, topology, refuse });
  const tensors = tf.io.decodeWeights(tf.io.CompositeArrayBuffer.join(weightData), weightSpecs);
  try {
    variables.forEach(({ variable }, i) => {
      const tensor = tensors[weights[places[i] ?? -1]?.name ?? ''];
      if (tensor) variable.write(tensor);
    });
  } finally {
    tf.dispose(tensors);
  }
}

type Waiting = Variable & { readonly variable: tf.LayerVariable };

/** The variables of a model, with those of the models inside of it. */
function variablesOf(model: tf.LayersModel, containers: readonly string[]): Waiting[] {
  return model.layers.flatMap((layer) => {
    if ('layers' in layer) return variablesOf(layer as tf.LayersModel, [...containers, layer.name]);
    return layer.weights.map((variable) => ({
      containers,
      layer: layer.name,
      kind: layer.getClassName(),
      name: variable.originalName,
      shape: variable.shape as number[],
      variable,
    }));
  });
}
