import * as tf from '@tensorflow/tfjs';
import { isObject, type Json, type JsonObject, type Refuse } from './keras-layers.ts';
import { isOfKeras3, translateTopology } from './keras-topology.ts';
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
  const areKnown = !isOfKeras3(topology) && haveKnownNames(topology, weightSpecs);
  if (areKnown || weightData === undefined) {
    return tf.loadLayersModel({ load: () => Promise.resolve({ ...artifacts, modelTopology }) });
  }
  const model = await tf.loadLayersModel({ load: () => Promise.resolve({ ...rest, modelTopology }) });
  try {
    setWeights(model, { weightSpecs, weightData, topology, before, refuse: refuse.weight });
    return model;
  } catch (error) {
    model.dispose();
    throw error;
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
  const isOnce = new Set(weights.map(({ name }) => name)).size === weights.length;
  return isOnce && weights.every(({ name }) => layers.has(name.split('/')[0] ?? ''));
}

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
  const weights = weightSpecs.map(({ name, shape }) => ({ name, shape }));
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
