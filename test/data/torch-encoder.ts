import { zipArchive, type ZipEntry } from './zip-encoder.ts';

/** A value to pickle: plain JSON, and what has no form there. */
export type Item =
  | null
  | boolean
  | number
  | string
  | readonly Item[]
  | ReadonlyMap<Item, Item>
  | { readonly code: readonly number[] }
  | { readonly tuple: readonly Item[] };

const utf8 = (value: string): number[] => [...new TextEncoder().encode(value)];
const le = (size: number, value: number): number[] =>
  Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
const code = (...bytes: number[]): Item => ({ code: bytes });

/** Instructions of protocol 2 for a value, without references to earlier ones. */
export function pickled(item: Item): number[] {
  if (item === null) return [0x4e];
  if (typeof item === 'boolean') return [item ? 0x88 : 0x89];
  if (typeof item === 'string') return [0x58, ...le(4, utf8(item).length), ...utf8(item)];
  if (typeof item === 'number') {
    if (Number.isInteger(item) && Math.abs(item) < 2 ** 31) return [0x4a, ...le(4, item)];
    if (Number.isInteger(item)) return [0x8a, 8, ...le(8, item)];
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, item);
    return [0x47, ...bytes];
  }
  if ('code' in item) return [...item.code];
  if ('tuple' in item) return [0x28, ...item.tuple.flatMap(pickled), 0x74];
  if (item instanceof Map) {
    const pairs = [...(item as ReadonlyMap<Item, Item>)].flatMap(([key, value]) => [
      ...pickled(key),
      ...pickled(value),
    ]);
    return [0x7d, 0x28, ...pairs, 0x75];
  }
  return [0x5d, 0x28, ...(item as readonly Item[]).flatMap(pickled), 0x65];
}

/** A whole pickle of protocol 2. */
export const program = (item: Item): number[] => [0x80, 2, ...pickled(item), 0x2e];
/** The name of something in Python. */
export const named = (module: string, name: string): Item => code(0x63, ...utf8(`${module}\n${name}\n`));
/** The call of something in Python. */
export const called = (callee: Item, ...args: readonly Item[]): Item =>
  code(...pickled(callee), ...pickled({ tuple: args }), 0x52);
/** What a persistent id refers to. */
export const referred = (id: Item): Item => code(...pickled(id), 0x51);
/** A dictionary by an object of JavaScript. */
export const dict = (fields: Readonly<Record<string, Item>>): Item => new Map(Object.entries(fields));

/** A tensor; what is not given is as it should be. */
export interface TensorItem {
  readonly type?: string;
  readonly key?: Item;
  readonly length: Item;
  readonly offset?: Item;
  readonly shape: readonly Item[];
  readonly strides: readonly Item[];
  /** Of the legacy form: which part of the storage. */
  readonly view?: Item;
}

/** A tensor of float32 unless told otherwise, over storage '0'. */
export function tensor(given: TensorItem): Item {
  const { type = 'FloatStorage', key = '0', length, offset = 0, shape, strides, view } = given;
  const id: Item[] = ['storage', named('torch', type), key, 'cpu', length];
  const storage = referred({ tuple: view === undefined ? id : [...id, view] });
  const hooks = called(named('collections', 'OrderedDict'));
  const args = [storage, offset, { tuple: shape }, { tuple: strides }, false, hooks];
  return called(named('torch._utils', '_rebuild_tensor_v2'), ...args);
}

/** The slow, obvious encoder of the archives of torch.save. */
export function torchArchive(
  value: Item | readonly number[],
  storages: Readonly<Record<string, Uint8Array>> = {},
  others: Readonly<Record<string, string>> = { byteorder: 'little', version: '3\n' },
): Uint8Array {
  const data = Array.isArray(value) && typeof value[0] === 'number' ? (value as number[]) : program(value as Item);
  const entries: ZipEntry[] = [
    { name: 'net/data.pkl', data: Uint8Array.from(data), behind: 'signed' },
    ...Object.entries(storages).map(([key, data]): ZipEntry => ({ name: `net/data/${key}`, data, behind: 'signed' })),
    ...Object.entries(others).map(([name, text]): ZipEntry => ({
      name: `net/${name}`,
      data: Uint8Array.from(utf8(text)),
      behind: 'signed',
    })),
  ];
  return zipArchive(entries, { zip64: true });
}

/** What the legacy form begins with. */
export const MAGIC = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e] as const;

/** The slow, obvious encoder of the streams that torch.save wrote before 1.6; a storage is its number of elements and its bytes. */
export function torchStream(
  value: Item,
  storages: Readonly<Record<string, readonly [length: number, bytes: Uint8Array]>> = {},
): Uint8Array {
  return Uint8Array.from([
    ...MAGIC,
    ...program(1001),
    ...program(dict({ protocol_version: 1001, little_endian: true })),
    ...program(value),
    ...program(Object.keys(storages)),
    ...Object.values(storages).flatMap(([length, bytes]) => [...le(8, length), ...bytes]),
  ]);
}
