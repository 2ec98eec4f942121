import type { DataError } from '../errors.ts';
import type { NpyArray } from './arrays.ts';
import { showText, wrongBytes } from './file-bytes.ts';
import { describe } from './pickle-machine.ts';

/** A key of a dictionary in a checkpoint, or a member of a set. */
export type TorchKey = string | number | bigint | boolean | null;

/**
 * What a checkpoint holds, as plain data.
 *
 * A dictionary is a map, a list or a tuple an array, a set a set, None `null`; an integer that a double cannot hold is a bigint. A tensor is
 * an array with its shape; one that stands in several places is one object.
 */
export type TorchValue =
  TorchKey | Uint8Array | NpyArray | readonly TorchValue[] | ReadonlySet<TorchKey> | ReadonlyMap<TorchKey, TorchValue>;

/** What is found in the value of a pickle. @internal */
export interface TorchContent {
  readonly content: TorchValue;
  readonly stateDicts: ReadonlyMap<string, ReadonlyMap<string, NpyArray>>;
  /** The first way to each tensor. */
  readonly names: ReadonlyMap<object, string>;
}

type IsTensor = (value: unknown) => boolean;

/**
 * Holds the value of a pickle to what a checkpoint is made of, and finds its state dicts.
 *
 * Each container is visited once, so references to one from many places cost nothing.
 * @internal
 */
export function readContent(call: string, value: unknown, isTensor: IsTensor): TorchContent {
  const names = tensorNames(call, value, isTensor);
  return { content: value as TorchValue, stateDicts: findStateDicts(call, value, isTensor), names };
}

/** Deepest nesting of containers. */
const MAX_DEPTH = 64;

/** The first way to each tensor. Throws where there is something else than plain data, or a container is too deep or holds itself. */
function tensorNames(call: string, value: unknown, isTensor: IsTensor): ReadonlyMap<object, string> {
  const names = new Map<object, string>();
  /** Containers inside each that was visited; infinitely many while it is being visited. */
  const heights = new Map<object, number>();
  const refuse = (must: string, path: readonly string[]): DataError =>
    wrongBytes(call, `${must} at ${showText(path.join('.'))}`, path);
  const visit = (item: unknown, path: readonly string[]): number => {
    if (isTensor(item)) {
      if (!names.has(item as object)) names.set(item as object, path.join('.'));
      return 0;
    }
    if (typeof item !== 'object' || item === null || item instanceof Uint8Array) return 0;
    if (!isContainer(item)) {
      throw refuse('must hold only tensors, containers and plain values, got a storage or a name of Python', path);
    }
    const known = heights.get(item);
    if (known === Infinity) throw refuse('must not hold itself, got a container that does', path);
    if (path.length + (known ?? 1) > MAX_DEPTH) {
      throw refuse(`must have containers at most ${MAX_DEPTH} deep, got more`, path);
    }
    if (known !== undefined) return known;
    heights.set(item, Infinity);
    let inside = 0;
    for (const [key, child] of item.entries()) inside = Math.max(inside, visit(child, [...path, nameOf(key)]));
    heights.set(item, inside + 1);
    return inside + 1;
  };
  visit(value, []);
  return names;
}

/**
 * Dictionaries of nothing but tensors under texts, by the texts and places in lists that lead to them; where there is none, the tensors of
 * those that hold one. The tensors of an optimizer, under the numbers of parameters, are none.
 */
function findStateDicts(
  call: string,
  value: unknown,
  isTensor: IsTensor,
): ReadonlyMap<string, ReadonlyMap<string, NpyArray>> {
  const seen = new Set<unknown>();
  const pure: (readonly [string, ReadonlyMap<string, NpyArray>])[] = [];
  const mixed: typeof pure = [];
  const visit = (item: unknown, path: readonly string[]): void => {
    if (!(item instanceof Map || Array.isArray(item)) || seen.has(item)) return;
    seen.add(item);
    const named = [...item.entries()].filter(([key]) => Array.isArray(item) || typeof key === 'string');
    const tensors = named.filter(([, child]) => isTensor(child)) as [string, NpyArray][];
    if (item instanceof Map && tensors.length > 0) {
      (tensors.length === item.size ? pure : mixed).push([path.join('.'), new Map(tensors)]);
    }
    for (const [key, child] of named) visit(child, [...path, String(key)]);
  };
  visit(value, []);
  const found = pure.length > 0 ? pure : mixed;
  const stateDicts = new Map(found);
  if (stateDicts.size === found.length) return stateDicts;
  const twice = found.map(([name]) => name).find((name, i, all) => all.indexOf(name) !== i)!;
  throw wrongBytes(call, `must have one dictionary of tensors of each name, got two of ${showText(twice)}`, twice);
}

const isContainer = (value: object): value is Map<unknown, unknown> | Set<unknown> | unknown[] =>
  value instanceof Map || value instanceof Set || Array.isArray(value);

const nameOf = (key: unknown): string => (typeof key === 'string' ? key : describe(key));
