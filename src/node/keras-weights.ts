import { isObject, type Json, type JsonObject, listOf, type Refuse, textOf } from './keras-layers.ts';

/** A weight in a file. @internal */
export interface StoredWeight {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A variable of a model that waits for its values. @internal */
export interface Variable {
  /** Names of the models that its layer is inside of, from the outside, without the model itself. */
  readonly containers: readonly string[];
  /** Name and class of its layer. */
  readonly layer: string;
  readonly kind: string;
  /** As TensorFlow.js calls it, for example `dense/kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** What is to be matched. @internal */
export interface Matching {
  readonly weights: readonly StoredWeight[];
  readonly variables: readonly Variable[];
  /** The topology as it was stored. */
  readonly topology: JsonObject;
  readonly refuse: Refuse;
}

/**
 * Which stored weight each variable gets: the place in `weights` for each of `variables`.
 *
 * Names decide, never the order of the file, and shapes must agree. What fits two variables is refused, and so is another name unless kind
 * and shape leave one variable only.
 *
 * @internal
 */
export function matchWeights(matching: Matching): readonly number[] {
  const { weights, variables, refuse } = matching;
  const names = weights.map(({ name }) => name.replace(/:0$/, ''));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse(`two weights of the name ${JSON.stringify(twice)}`);
  if (weights.length !== variables.length) refuse(`${weights.length} weights for ${variables.length} variables`);
  const areNumbered = names.length > 0 && names.every((name) => /(?:^|\/)vars\/\d+$/.test(name));
  const found = areNumbered ? byNumber(names, matching) : byName(names, matching);
  const wrong = found.findIndex((at, i) => String(weights[at]?.shape) !== String(variables[i]?.shape));
  if (wrong >= 0) {
    const [weight, variable] = [weights[found[wrong] ?? -1], variables[wrong]];
    refuse(
      `${JSON.stringify(weight?.name)} of shape [${weight?.shape}] for ${variable?.name} of shape [${variable?.shape}]`,
    );
  }
  return found;
}

/** Names of variables end with those of TensorFlow.js, but for a cell in between; or nothing else fits. */
function byName(names: readonly string[], { weights, variables, topology, refuse }: Matching): readonly number[] {
  const root = modelOf(topology)['config'];
  const own = isObject(root) ? root['name'] : undefined;
  const candidates = names.map((name, i) => {
    const path = name.split('/');
    const fitting = variables.flatMap((variable, at) => {
      const fits = isNamed(path, variable) && String(variable.shape) === String(weights[i]?.shape);
      // A model inside with the name of the whole model says nothing.
      const containers = variable.containers.filter((container) => container !== own);
      return fits ? [{ at, inside: inOrder(containers, path) ? containers.length : 0 }] : [];
    });
    if (fitting.length === 0) return new Set(onlyPlace(names, i, { weights, variables }));
    const most = Math.max(...fitting.map(({ inside }) => inside));
    return new Set(fitting.filter(({ inside }) => inside === most).map(({ at }) => at));
  });
  const found = new Map<number, number>();
  for (;;) {
    const next = candidates.findIndex((set) => set.size === 1);
    if (next < 0) break;
    const [at = -1] = candidates[next] ?? [];
    found.set(at, next);
    candidates.forEach((set) => set.delete(at));
  }
  const lost = names.findIndex((_, i) => ![...found.values()].includes(i));
  if (lost >= 0) {
    const several = candidates[lost]?.size ?? 0;
    refuse(
      `weight ${JSON.stringify(names[lost])}, which fits ${several === 0 ? 'no variable' : `${several} variables`}`,
    );
  }
  return variables.map((_, at) => found.get(at) ?? -1);
}

/** The only variable of a kind and shape, for the only weight of them: whatever their layers are called, no other fits. */
function onlyPlace(
  names: readonly string[],
  i: number,
  { weights, variables }: Pick<Matching, 'weights' | 'variables'>,
): number[] {
  const sameShape = (shape: readonly number[]): boolean => String(shape) === String(weights[i]?.shape);
  const last = names[i]?.split('/').at(-1);
  const rivals = weights.filter(({ shape }, k) => sameShape(shape) && names[k]?.split('/').at(-1) === last);
  const places = variables.flatMap((variable, at) =>
    sameShape(variable.shape) && baseFor(variable, last) === variable.name.split('/').at(-1) ? [at] : [],
  );
  return rivals.length === 1 && places.length === 1 ? places : [];
}

/** Variables that Keras 3 names differently. */
const ALIASES: Readonly<Record<string, readonly [string, string]>> = {
  DepthwiseConv2D: ['kernel', 'depthwise_kernel'],
};

function baseFor({ kind }: Variable, name: string | undefined): string | undefined {
  const [theirs, ours] = ALIASES[kind] ?? [];
  return name === theirs ? ours : name;
}

function isNamed(path: readonly string[], variable: Variable): boolean {
  const wanted = variable.name.split('/');
  const base = baseFor(variable, path.at(-1));
  const layers = path.slice(0, -1);
  // With a cell in between: lstm/lstm_cell/kernel.
  return base === wanted.at(-1) && [layers, layers.slice(0, -1)].some((above) => endsWith(above, wanted.slice(0, -1)));
}

function endsWith(list: readonly string[], end: readonly string[]): boolean {
  return list.length >= end.length && end.every((item, i) => list[list.length - end.length + i] === item);
}

function inOrder(items: readonly string[], list: readonly string[]): boolean {
  let at = -1;
  return items.every((item) => (at = list.indexOf(item, at + 1)) >= 0);
}

/** Parts of a layer in the order in which TensorFlow.js has their variables. */
const PARTS = ['', 'cell', 'layer', 'layer/cell', 'forward_layer/cell', 'backward_layer/cell'];

/** `layers/dense_1/vars/0`: layers are numbered by class, in the order of the topology, and variables inside of each. */
function byNumber(names: readonly string[], { variables, topology, refuse }: Matching): readonly number[] {
  const layers = numberedLayers(topology);
  const stored = new Map<string, { at: number; part: number; number: number }[]>();
  names.forEach((name, at) => {
    const [path = '', number = ''] = name.split(/\/?vars\//);
    const layer = [...layers.keys()].filter((known) => path === known || path.startsWith(`${known}/`)).sort(longest)[0];
    const part = PARTS.indexOf(path.slice((layer ?? '').length + 1));
    if (layer === undefined || part < 0) return refuse(`weight ${JSON.stringify(name)}, which fits no layer`);
    const key = layers.get(layer) ?? '';
    stored.set(key, [...(stored.get(key) ?? []), { at, part, number: Number(number) }]);
  });
  stored.forEach((list) => list.sort((a, b) => a.part - b.part || a.number - b.number));
  return variables.map(({ containers, layer, name }) => {
    const next = stored.get(keyOf([...containers, layer]))?.shift();
    return next?.at ?? refuse(`no weight for ${name}`);
  });
}

const longest = (a: string, b: string): number => b.length - a.length;
const keyOf = (path: readonly string[]): string => JSON.stringify(path);

function modelOf(topology: JsonObject): JsonObject {
  const { model_config: inside } = topology;
  return isObject(inside) ? inside : topology;
}

/** The names of layers by their places in the file. */
function numberedLayers(topology: JsonObject): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (model: Json, place: string, path: readonly string[]): void => {
    const config = isObject(model) ? model['config'] : undefined;
    const counts = new Map<string, number>();
    for (const layer of listOf(isObject(config) ? config['layers'] : undefined)) {
      const inside = isObject(layer) ? layer['config'] : undefined;
      if (!isObject(layer) || !isObject(inside)) continue;
      const kind = snakeCase(textOf(layer['class_name']).replace(/^.*>/, ''));
      const count = counts.get(kind) ?? 0;
      counts.set(kind, count + 1);
      const at = `${place}layers/${kind}${count > 0 ? `_${count}` : ''}`;
      const names = [...path, textOf(inside['name'])];
      found.set(at, keyOf(names));
      walk(layer, `${at}/`, names);
    }
  };
  walk(modelOf(topology), '', []);
  return found;
}

/** As Keras writes the name of a class. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
