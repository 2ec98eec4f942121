import type { NpyArray, NpyDtype } from './arrays.ts';
import { elementCount } from './arrays.ts';
import type { HalfFloat } from './half-floats.ts';
import { describe, type PickleGlobal, type PickleMachine, type Refuse, SAVE_WEIGHTS } from './pickle-machine.ts';

/** An element type of a storage. @internal */
export interface TorchElement {
  /** What it becomes. */
  readonly dtype: NpyDtype;
  /** Bytes of one element in the file. */
  readonly bytes: number;
  readonly half?: HalfFloat;
}

/** The memory of tensors, several of which may be views of one. @internal */
export interface TorchStorage {
  readonly key: string;
  readonly element: TorchElement;
  /** Number of elements. */
  readonly length: number;
  /** Its bytes in the file; the legacy form has them behind the pickles. */
  bytes?: Uint8Array;
}

/** A tensor as a view of a storage, in elements, and the array that it becomes. @internal */
export interface TorchView {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** What stands for it in the value of the pickle; its values are read when all is known. */
  readonly array: NpyArray;
}

/** What both forms of a file give. @internal */
export interface TorchPickle {
  readonly value: unknown;
  /** All tensors of the value, and those that it has not kept. */
  readonly views: readonly TorchView[];
  readonly littleEndian: boolean;
}

const ELEMENTS: readonly (readonly [name: string, element: TorchElement])[] = [
  ['Float', { dtype: 'float32', bytes: 4 }],
  ['Double', { dtype: 'float64', bytes: 8 }],
  ['Half', { dtype: 'float32', bytes: 2, half: 'float16' }],
  ['BFloat16', { dtype: 'float32', bytes: 2, half: 'bfloat16' }],
  ['Long', { dtype: 'int64', bytes: 8 }],
  ['Int', { dtype: 'int32', bytes: 4 }],
  ['Short', { dtype: 'int16', bytes: 2 }],
  ['Char', { dtype: 'int8', bytes: 1 }],
  ['Byte', { dtype: 'uint8', bytes: 1 }],
  ['Bool', { dtype: 'bool', bytes: 1 }],
];

interface StorageGlobal extends PickleGlobal {
  readonly element: TorchElement;
}

const STORAGES = new Map<string, StorageGlobal>(
  ELEMENTS.map(([name, element]) => [`torch.${name}Storage`, { name: `torch.${name}Storage`, element }]),
);

const MAX_RANK = 64;

/** The globals that a checkpoint of tensors needs; `onView` takes each tensor. @internal */
export function torchGlobals(onView: (view: TorchView) => void): (name: string) => PickleGlobal | undefined {
  const known = new Map<string, PickleGlobal>(STORAGES);
  const add = (make: NonNullable<PickleGlobal['make']>, ...names: readonly string[]): void => {
    for (const name of names) known.set(name, { name, make });
  };
  add((args, machine) => toTensor(args, machine, onView), 'torch._utils._rebuild_tensor_v2');
  add(toParameter, 'torch._utils._rebuild_parameter');
  add(toDictionary, 'collections.OrderedDict');
  add((args, machine) => machine.newSet(listOf(args, machine)), '__builtin__.set', 'builtins.set');
  add((args, machine) => machine.newSet(listOf(args, machine)), '__builtin__.frozenset', 'builtins.frozenset');
  add(toBytes, '_codecs.encode');
  add(noBytes, '__builtin__.bytes', 'builtins.bytes');
  return (name) => known.get(name);
}

/** What to say of any other global. @internal */
export function refusedGlobal(name: string): { readonly must: string; readonly way: string } {
  const must = 'must hold only tensors, containers and plain values';
  if (/Complex|complex/.test(name)) return { must, way: 'complex tensors are not read; save torch.view_as_real of it' };
  if (/Q(U?Int|uint)\d|_qtensor/.test(name))
    return { must, way: 'quantized tensors are not read; save its dequantize()' };
  if (name.includes('sparse')) return { must, way: 'sparse tensors are not read; save its to_dense()' };
  return { must, way: `nothing of a file is run; ${SAVE_WEIGHTS}` };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTuple = (value: unknown): value is readonly unknown[] => Array.isArray(value) && Object.isFrozen(value);

/** What a persistent id says of a storage: its type, its key and its length. @internal */
export function storageOf(
  id: unknown,
  refuse: Refuse,
): { readonly key: string; readonly element: TorchElement; readonly length: number; readonly view: unknown } {
  const parts = isTuple(id) ? id : [];
  const [kind, type, key, location, length, view = null] = parts;
  const element = [...STORAGES.values()].find((storage) => storage === type)?.element;
  const isWhole =
    kind === 'storage' &&
    typeof key === 'string' &&
    typeof location === 'string' &&
    isCount(length) &&
    parts.length < 7;
  if (isWhole && element !== undefined) return { key, element, length, view };
  const must = "must refer to storages only: ('storage', type, key, place, number of elements)";
  throw refuse(must, isTuple(id) ? `(${parts.slice(0, 7).map(describe).join(', ')})` : describe(id));
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`. */
function toTensor(args: readonly unknown[], machine: PickleMachine, onView: (view: TorchView) => void): NpyArray {
  const [given, offset, shape, strides] = args;
  const storage = given as TorchStorage;
  const isStorage =
    typeof given === 'object' && given !== null && 'element' in given && 'length' in given && 'key' in given;
  if (!isStorage || !isCount(offset) || !isTuple(shape) || !isTuple(strides) || args.length < 6 || args.length > 7) {
    const must = 'must have (storage, offset, size, stride, ...) for each tensor';
    throw machine.refuse(must, `(${args.slice(0, 7).map(describe).join(', ')})`);
  }
  const show = (): string => `[${shape.slice(0, 8).map(describe).join(', ')}]`;
  if (!shape.every(isCount) || !strides.every(isCount) || shape.length !== strides.length || shape.length > MAX_RANK) {
    const got = `${show()} and [${strides.slice(0, 8).map(describe).join(', ')}]`;
    throw machine.refuse('must have a size and a stride of whole numbers for each dimension', got);
  }
  const count = elementCount(shape);
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  if (count > 0 && !(last < storage.length)) {
    const must = `must have tensors inside their storage of ${storage.length} elements`;
    throw machine.refuse(must, `${show()} that ends at element ${last}`);
  }
  const array = { dtype: storage.element.dtype, shape: [...shape], data: new Float32Array() } as NpyArray;
  onView({ storage, offset, shape: array.shape, strides, array });
  return array;
}

/** `_rebuild_parameter(tensor, requires_grad, hooks)`: the tensor. */
function toParameter(args: readonly unknown[], machine: PickleMachine): unknown {
  const [tensor] = args;
  const isTensor = typeof tensor === 'object' && tensor !== null && 'dtype' in tensor;
  if (isTensor && args.length === 3) return tensor;
  throw machine.refuse('must make a parameter of a tensor', describe(tensor));
}

/** `OrderedDict()`, and `OrderedDict([[key, value], ...])` as Python 2 writes it. */
function toDictionary(args: readonly unknown[], machine: PickleMachine): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  if (args.length === 0) return map;
  const pairs = listOf(args, machine);
  machine.spend(pairs.length);
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw machine.refuse('must have pairs of key and value', describe(pair));
    machine.setItem(map, pair[0], pair[1]);
  }
  return map;
}

function listOf(args: readonly unknown[], machine: PickleMachine): readonly unknown[] {
  const [list] = args;
  if (args.length === 1 && Array.isArray(list)) return list;
  throw machine.refuse(
    'must make a container of one list',
    args.length === 1 ? describe(list) : `${args.length} values`,
  );
}

/** `_codecs.encode(text, 'latin1')`: how protocol 2 writes bytes. */
function toBytes(args: readonly unknown[], machine: PickleMachine): Uint8Array {
  const [text, encoding] = args;
  if (args.length === 2 && typeof text === 'string' && encoding === 'latin1') return machine.encodeLatin1(text);
  throw machine.refuse("must make bytes of a text by 'latin1'", describe(encoding));
}

/** `bytes()`, which are none. */
function noBytes(args: readonly unknown[], machine: PickleMachine): Uint8Array {
  if (args.length === 0) return new Uint8Array();
  throw machine.refuse('must make no bytes by bytes()', `${args.length} values`);
}
