import type { NpyArray } from './arrays.ts';
import { type StoredType, storedBytes } from './elements.ts';
import { describe, type PickleGlobal, type PickleMachine, type Refuse, SAVE_WEIGHTS } from './pickle-machine.ts';

/** The memory of tensors, several of which may be views of one. @internal */
export interface TorchStorage {
  readonly key: string;
  /** Type of its elements; bytes where it has none. */
  readonly stored: StoredType;
  /** Number of elements. */
  readonly length: number;
  /** Its bytes in the file; the legacy form has them behind the pickles. */
  bytes?: Uint8Array;
}

/** A tensor as a view of a storage, in elements, and the array that it becomes. @internal */
export interface TorchView {
  readonly storage: TorchStorage;
  readonly stored: StoredType;
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

/** Names of storages and element types that are read. */
interface TypeGlobal extends PickleGlobal {
  readonly stored: StoredType;
}

const typeGlobals = (entries: readonly (readonly [string, StoredType])[]): ReadonlyMap<string, TypeGlobal> =>
  new Map(entries.map(([name, stored]) => [name, { name, stored }]));

const STORAGES = typeGlobals([
  ['torch.FloatStorage', 'float32'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
  ['torch.storage.UntypedStorage', 'uint8'], // bytes of the types below
]);
/** Types that have no storage of their own. */
const DTYPES = typeGlobals([
  ['torch.uint16', 'uint16'],
  ['torch.uint32', 'uint32'],
  ['torch.uint64', 'uint64'],
]);

const MAX_RANK = 64;

/** The globals that a checkpoint of tensors needs; `onView` takes each tensor. @internal */
export function torchGlobals(onView: (view: TorchView) => void): (name: string) => PickleGlobal | undefined {
  const known = new Map<string, PickleGlobal>([...STORAGES, ...DTYPES]);
  const add = (make: NonNullable<PickleGlobal['make']>, ...names: readonly string[]): void => {
    for (const name of names) known.set(name, { name, make });
  };
  add((args, machine) => toTensor(args, machine, onView), 'torch._utils._rebuild_tensor_v2');
  add((args, machine) => toTypedTensor(args, machine, onView), 'torch._utils._rebuild_tensor_v3');
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
  if (name.startsWith('numpy.'))
    return { must, way: 'save a number of NumPy as float(value), an array as torch.from_numpy(array)' };
  if (/^torch\.\w+\d/.test(name)) return { must, way: 'save tensor.float() where a tensor has this type' };
  return { must, way: `nothing of a file is run; ${SAVE_WEIGHTS}` };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTuple = (value: unknown): value is readonly unknown[] => Array.isArray(value) && Object.isFrozen(value);

/** A storage as a persistent id names it. @internal */
export interface NamedStorage extends Omit<TorchStorage, 'bytes'> {
  /** Which part of the storage is meant, in files of the legacy form. */
  readonly view: unknown;
}

/** What a persistent id says of a storage. @internal */
export function storageOf(id: unknown, refuse: Refuse): NamedStorage {
  const parts = isTuple(id) ? id : [];
  const [kind, type, key, location, length, view = null] = parts;
  const stored = [...STORAGES.values()].find((storage) => storage === type)?.stored;
  const isText = kind === 'storage' && typeof key === 'string' && typeof location === 'string';
  if (isText && stored !== undefined && isCount(length) && parts.length < 7) return { key, stored, length, view };
  const must = "must refer to storages only: ('storage', type, key, place, number of elements)";
  throw refuse(must, isTuple(id) ? `(${parts.slice(0, 7).map(describe).join(', ')})` : describe(id));
}

type OnView = (view: TorchView) => void;

const isStorage = (value: unknown): value is TorchStorage =>
  typeof value === 'object' && value !== null && 'stored' in value && 'key' in value;

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`, with metadata behind them or not. */
function toTensor(args: readonly unknown[], machine: PickleMachine, onView: OnView): NpyArray {
  const [storage] = args;
  if (isStorage(storage) && args.length >= 6 && args.length <= 7) {
    return toView(args, { storage, stored: storage.stored, length: storage.length }, machine, onView);
  }
  throw wrongTensor(args, machine);
}

/** `_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, type)`: the storage has bytes. */
function toTypedTensor(args: readonly unknown[], machine: PickleMachine, onView: OnView): NpyArray {
  const [storage] = args;
  const stored = [...DTYPES.values()].find((type) => type === args[6])?.stored;
  if (!isStorage(storage) || stored === undefined || args.length < 7 || args.length > 8)
    throw wrongTensor(args, machine);
  const length = Math.floor((storage.length * storedBytes(storage.stored)) / storedBytes(stored));
  return toView(args, { storage, stored, length }, machine, onView);
}

function wrongTensor(args: readonly unknown[], { refuse }: PickleMachine): Error {
  const must = 'must have (storage, offset, size, stride, ...) for each tensor';
  return refuse(must, `(${args.slice(0, 7).map(describe).join(', ')})`);
}

/** A storage as elements of a type. */
interface Elements extends Pick<TorchView, 'storage' | 'stored'> {
  readonly length: number;
}

function toView(args: readonly unknown[], of: Elements, machine: PickleMachine, onView: OnView): NpyArray {
  const [, offset, shape, strides] = args;
  if (!isCount(offset) || !isTuple(shape) || !isTuple(strides)) throw wrongTensor(args, machine);
  const show = (list: readonly unknown[]): string => `[${list.slice(0, 8).map(describe).join(', ')}]`;
  if (!shape.every(isCount) || !strides.every(isCount) || shape.length !== strides.length || shape.length > MAX_RANK) {
    const must = `must have a size and a stride of whole numbers for each of at most ${MAX_RANK} dimensions`;
    throw machine.refuse(must, `${show(shape)} and ${show(strides)}`);
  }
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  if (!shape.includes(0) && !(last < of.length)) {
    const must = `must have tensors inside their storage of ${of.length} elements`;
    throw machine.refuse(must, `${show(shape)} that ends at element ${last}`);
  }
  const { storage, stored } = of;
  const dtype = stored === 'float16' || stored === 'bfloat16' ? 'float32' : stored;
  const array = { dtype, shape: [...shape], data: new Float32Array() } as NpyArray;
  onView({ storage, stored, offset, shape: array.shape, strides, array });
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
