import { isObject, type Json, type JsonObject, listOf } from './keras-layers.ts';

/** A model whose layers have names of their own. @internal */
export interface Named {
  readonly model: JsonObject;
  /** The names that layers had, by those that they have now. */
  readonly before: ReadonlyMap<string, string>;
}

/**
 * Gives layers inside of models the name of their model in front, where two layers have one name: TensorFlow.js could not save their weights.
 *
 * @internal
 */
export function withOwnNames(model: JsonObject): Named {
  const before = new Map<string, string>();
  const taken = new Set<string>();
  return { model: renamed(model, '', { before, taken }), before };
}

interface Names {
  readonly before: Map<string, string>;
  readonly taken: Set<string>;
}

function renamed(model: JsonObject, prefix: string, names: Names): JsonObject {
  const { config } = model;
  if (!isObject(config) || !Array.isArray(config['layers'])) return model;
  const own = new Map<Json, string>();
  const layers = listOf(config['layers']).filter(isObject);
  for (const { name } of layers) own.set(name ?? null, freeName(name, prefix, names));
  const change = (list: Json | undefined): Json => references(list, own);
  const changed = layers.map((layer): JsonObject => {
    const name = own.get(layer['name'] ?? null) ?? null;
    const settings = isObject(layer['config']) ? { ...layer['config'], name } : null;
    const { inbound_nodes: nodes } = layer;
    const inside = { ...layer, name, config: settings, ...(nodes && { inbound_nodes: change(nodes) }) };
    return renamed(inside, `${prefix}${name}_`, names);
  });
  const { input_layers: inputs, output_layers: outputs } = config;
  const ends = { ...(inputs && { input_layers: change(inputs) }), ...(outputs && { output_layers: change(outputs) }) };
  return { ...model, config: { ...config, layers: changed, ...ends } };
}

function freeName(name: Json | undefined, prefix: string, { before, taken }: Names): string {
  const plain = typeof name === 'string' ? name : '';
  let free = taken.has(plain) ? `${prefix}${plain}` : plain;
  for (let i = 2; taken.has(free); i++) free = `${prefix}${plain}_${i}`;
  taken.add(free);
  if (free !== plain) before.set(free, plain);
  return free;
}

/** The names in [name, node, tensor, ...], at any depth. */
function references(value: Json | undefined, own: ReadonlyMap<Json, string>): Json {
  const list = listOf(value);
  const [first, ...rest] = list;
  if (typeof first === 'string') return [own.get(first) ?? first, ...rest];
  return list.map((item) => references(item, own));
}
