import {
  type Context,
  isObject,
  type Json,
  type JsonObject,
  listOf,
  type Refuse,
  translateLayer,
} from './keras-layers.ts';
import { endsOf, rowWithKeptAxes, withKeptAxes } from './keras-kept-axes.ts';
import { withOwnNames } from './keras-names.ts';

/** Deeper than this no model of Keras is. */
const MOST_LEVELS = 64;

/** A topology that TensorFlow.js reads. */
interface Translation {
  readonly topology: JsonObject;
  /** The names that layers had in the file, where they have others now. */
  readonly before: ReadonlyMap<string, string>;
}

/**
 * The topology of a model of Keras 2 or 3 in the form that TensorFlow.js 4.22 reads, which is that of Keras 2.
 *
 * Settings that TensorFlow.js would pass over are refused, since it would compute another function.
 *
 * @internal
 */
export function translateTopology(topology: JsonObject, refuse: Refuse): Translation {
  const { model_config: inside } = topology;
  const model = isObject(inside) ? inside : topology;
  checkDepth(model, 0, refuse);
  const context: Context = { isKeras3: isOfKeras3(topology), refuse, inner: (layer) => layerOf(layer, context) };
  const { model: translated, before } = withOwnNames(layerOf(model, context));
  return { topology: isObject(inside) ? { ...topology, model_config: translated } : translated, before };
}

/** Whether TensorFlow.js wrote it. @internal */
export function isOwn({ keras_version: version }: JsonObject): boolean {
  return typeof version === 'string' && version.startsWith('tfjs');
}

/** Whether Keras 3 wrote it, by its version or by what only Keras 3 writes. @internal */
export function isOfKeras3(topology: JsonObject): boolean {
  const { keras_version: version } = topology;
  return typeof version === 'string' ? version.startsWith('3') : KERAS_3.test(JSON.stringify(topology));
}

const KERAS_3 = /"(?:batch_shape|registered_name|__keras_tensor__)"/;

function checkDepth(value: Json, level: number, refuse: Refuse): void {
  if (level > MOST_LEVELS) refuse(`objects more than ${MOST_LEVELS} levels deep`);
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach((item: Json) => checkDepth(item, level + 1, refuse));
  }
}

/** A layer or a model as an object with `class_name`, `config` and its place in the graph. */
function layerOf(given: Json, context: Context): JsonObject {
  if (!isObject(given) || typeof given['class_name'] !== 'string' || !isObject(given['config'])) {
    return isObject(given) ? given : {};
  }
  const { class_name: kind, config, inbound_nodes } = given;
  const name = given['name'] ?? config['name'];
  const place = { ...(inbound_nodes && { inbound_nodes }), ...(typeof name === 'string' && { name }) };
  if (Array.isArray(config['layers']))
    return { class_name: kind, config: containerOf(kind, config, context), ...place };
  const refuse = (setting: string): never => context.refuse(`layer ${JSON.stringify(name)} (${kind}) with ${setting}`);
  return { ...translateLayer({ class_name: kind, config }, { ...context, refuse }), ...place };
}

function containerOf(kind: string, config: JsonObject, context: Context): JsonObject {
  const name = config['name'] ?? null;
  if (kind === 'Sequential') {
    const layers = rowWithKeptAxes(config).map((layer) => layerOf(layer, context));
    return { name, layers: withInputShape(layers, config['build_input_shape']) };
  }
  const { layers: given, outputs } = withKeptAxes(config);
  const layers = given.map((layer) => layerOf(layer, context));
  const refuse = (found: string): never => context.refuse(`${found} in model ${JSON.stringify(name)}`);
  const graph = new Set(layers.map((layer) => layer['name']));
  const isSequential = (layer: Json | undefined): boolean =>
    layers.some((one) => one['name'] === layer && one['class_name'] === 'Sequential');
  // Keras 3 does not count the call that a Sequential made of itself, TensorFlow.js and Keras 2 do.
  const reference = ([layer = null, node = 0, tensor = 0]: readonly Json[], isNew: boolean): Json[] => {
    if (!graph.has(layer)) refuse(`a reference to ${JSON.stringify(layer)}`);
    return [layer, isNew && isSequential(layer) ? Number(node) + 1 : node, tensor];
  };
  const connected = layers.map((layer) => ({
    ...layer,
    inbound_nodes: listOf(layer['inbound_nodes']).map((node): Json => {
      const asked = (found: string): never => refuse(`layer ${JSON.stringify(layer['name'])} called with ${found}`);
      if (!isObject(node)) {
        return listOf(node).map((input) => {
          const [from = null, at = 0, tensor = 0, kwargs = {}] = listOf(input);
          checkArguments(kwargs, asked);
          return [...reference([from, at, tensor], false), {}];
        });
      }
      return historiesOf(node, asked).map((history) => [...reference(history, true), {}]);
    }),
  }));
  checkOrder(connected, refuse);
  const ends = (given: Json | undefined): Json[] => endsOf(given).map((end) => reference(end, context.isKeras3));
  return {
    name,
    layers: connected,
    input_layers: ends(config['input_layers']),
    output_layers: ends(outputs),
  };
}

/** Keras 3 keeps the shape of a Sequential that was built by its first batch beside the layers. */
function withInputShape(layers: readonly JsonObject[], shape: Json | undefined): readonly JsonObject[] {
  const [first, ...rest] = layers;
  const config = first?.['config'];
  if (!first || !isObject(config) || !Array.isArray(shape)) return layers;
  if (first['class_name'] === 'InputLayer' || 'batch_input_shape' in config || 'layers' in config) return layers;
  return [{ ...first, config: { ...config, batch_input_shape: shape } }, ...rest];
}

/** TensorFlow.js does not read the arguments of a call. */
function checkArguments(kwargs: Json | undefined, refuse: Refuse): void {
  for (const [name, value] of Object.entries(isObject(kwargs) ? kwargs : {})) {
    if (value !== null && value !== false) refuse(name);
  }
}

/** The tensors of a call in the form of Keras 3: one, or one list of them. */
function historiesOf({ args, kwargs }: JsonObject, refuse: Refuse): (readonly Json[])[] {
  const given = listOf(args);
  const [first] = given;
  const tensors = given.length === 1 && Array.isArray(first) ? listOf(first) : given.slice(0, 1);
  if (given.length !== 1) refuse('several arguments');
  checkArguments(kwargs, refuse);
  return tensors.map((tensor) => {
    const config = isObject(tensor) ? tensor['config'] : undefined;
    const history = isObject(config) ? config['keras_history'] : undefined;
    return Array.isArray(history) ? (history as readonly Json[]) : refuse('a value that is no tensor of the model');
  });
}

/** TensorFlow.js would wait forever for a call that never comes. */
function checkOrder(layers: readonly JsonObject[], refuse: Refuse): void {
  const calls = new Map(layers.map((layer) => [layer['name'], ownCalls(layer)]));
  let waiting = layers.flatMap((layer) =>
    listOf(layer['inbound_nodes']).map((node) => ({ layer, node: listOf(node) })),
  );
  for (let before = Infinity; waiting.length < before;) {
    before = waiting.length;
    waiting = waiting.filter(({ layer, node }) => {
      const isReady = node.every((input) => {
        const [from = null, at] = listOf(input);
        return (calls.get(from) ?? 0) > Number(at);
      });
      if (isReady) calls.set(layer['name'], (calls.get(layer['name']) ?? 0) + 1);
      return !isReady;
    });
  }
  const [first] = waiting;
  if (first) refuse(`layer ${JSON.stringify(first.layer['name'])}, which waits for a tensor that no layer makes`);
}

/** Calls that a layer has before others call it: inputs and models made theirs. */
function ownCalls({ class_name, config }: JsonObject): number {
  return class_name === 'InputLayer' || (isObject(config) && 'layers' in config) ? 1 : 0;
}
