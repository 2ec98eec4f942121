import { isObject, type Json, type JsonObject, listOf, mapped, textOf } from './keras-layers.ts';

/**
 * The layers and outputs of a graph of Keras without `keepdims`, which TensorFlow.js does not read: a Reshape behind the pooling makes the axes of
 * one, where the number of channels is known.
 *
 * @internal
 */
export function withKeptAxes(config: JsonObject): { layers: readonly JsonObject[]; outputs: Json | undefined } {
  let layers = listOf(config['layers']).filter(isObject);
  let outputs = config['output_layers'];
  for (const pooling of layers.filter(keepsAxes)) {
    const { name = null, inbound_nodes: calls } = pooling;
    const stated = layers.map((layer) => shapeOf(name, layer['inbound_nodes'])).find(({ length }) => length >= 3);
    const channels = channelsBehind(pooling, (layer) => sourceOf(layer, layers));
    const shape = stated?.slice(1) ?? keptShape(pooling, channels);
    if (typeof name !== 'string' || shape === undefined) continue;
    const kept = `${name}_keepdims`;
    const nodes = listOf(calls).map((_, i) => ({ args: [{ config: { keras_history: [name, i, 0] } }], kwargs: {} }));
    layers = layers.map((layer) => ({
      ...(layer['name'] === name ? withoutKept(layer) : layer),
      inbound_nodes: redirected(layer['inbound_nodes'] ?? null, name, kept),
    }));
    layers.push({ ...reshape(kept, shape), inbound_nodes: nodes });
    outputs = endsOf(outputs).map(([layer = null, ...rest]) => [layer === name ? kept : layer, ...rest]);
  }
  return { layers, outputs };
}

/** The same of a Sequential. @internal */
export function rowWithKeptAxes(config: JsonObject): readonly JsonObject[] {
  const layers = listOf(config['layers']).filter(isObject);
  return layers.flatMap((layer) => {
    const channels = channelsBehind(layer, (one) => layers[layers.indexOf(one) - 1]);
    const shape = keepsAxes(layer) ? keptShape(layer, channels) : undefined;
    const name = settingsOf(layer)['name'];
    return shape && typeof name === 'string' ? [withoutKept(layer), reshape(`${name}_keepdims`, shape)] : [layer];
  });
}

/** [name, 0, 0], a list of such, or such by names. @internal */
export function endsOf(given: Json | undefined): (readonly Json[])[] {
  if (isObject(given)) return Object.values(given).flatMap(endsOf);
  const list = listOf(given);
  return typeof list[0] === 'string' ? [list] : list.flatMap(endsOf);
}

function settingsOf({ config }: JsonObject): JsonObject {
  return isObject(config) ? config : {};
}

function keepsAxes(layer: JsonObject): boolean {
  return /^Global/.test(textOf(layer['class_name'])) && settingsOf(layer)['keepdims'] === true;
}

function withoutKept(layer: JsonObject): JsonObject {
  return { ...layer, config: { ...settingsOf(layer), keepdims: false } };
}

function reshape(name: string, shape: readonly Json[]): JsonObject {
  return { class_name: 'Reshape', name, config: { name, target_shape: shape } };
}

function keptShape(pooling: JsonObject, channels: Json | undefined): readonly Json[] | undefined {
  if (typeof channels !== 'number') return undefined;
  const ones = textOf(pooling['class_name']).endsWith('1D') ? [1] : [1, 1];
  return settingsOf(pooling)['data_format'] === 'channels_first' ? [channels, ...ones] : [...ones, channels];
}

/** Layers that have as many channels as their input. */
const SAME_CHANNELS =
  /^(?:BatchNormalization|LayerNormalization|Activation|(?:Leaky|P)?ReLU|ELU|Dropout|SpatialDropout[12]D|Gaussian\w+|ZeroPadding2D|Cropping2D|UpSampling2D|(?:Max|Average)Pooling[12]D|Add)$/;

/** The channels of what a layer reads, from the convolution that made them. */
function channelsBehind(layer: JsonObject, before: (layer: JsonObject) => JsonObject | undefined): Json | undefined {
  for (let at = before(layer); at; at = before(at)) {
    const { filters, units } = settingsOf(at);
    if (!SAME_CHANNELS.test(textOf(at['class_name']))) return filters ?? units;
  }
  return undefined;
}

/** The layer that the first call of a layer reads first. */
function sourceOf(layer: JsonObject, layers: readonly JsonObject[]): JsonObject | undefined {
  const [call] = listOf(layer['inbound_nodes']);
  const [name] = listOf(listOf(call)[0]);
  return layers.find((one) => one['name'] === name);
}

/** The shape of what a layer gives, by a call that reads it. */
function shapeOf(layer: Json, value: Json | undefined): readonly Json[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isObject(value) && listOf(value['keras_history'])[0] === layer) return listOf(value['shape']);
  const items: readonly Json[] = Object.values(value);
  return items.map((item) => shapeOf(layer, item)).find(({ length }) => length > 0) ?? [];
}

/** Calls that read `from` read `to`, in the form of Keras 3 and in that of Keras 2. */
function redirected(value: Json, from: string, to: string): Json {
  if (Array.isArray(value)) {
    const [layer, node, ...rest] = value as readonly Json[];
    if (layer === from && typeof node === 'number') return [to, node, ...rest];
    return value.map((item: Json) => redirected(item, from, to));
  }
  return isObject(value) ? mapped(value, (item) => redirected(item, from, to)) : value;
}
