import { storedBytes } from './elements.ts';
import { showText, wrongBytes } from './file-bytes.ts';
import { describe, type Refuse } from './pickle-machine.ts';
import { readPickle } from './pickle-opcodes.ts';
import {
  type NamedStorage,
  refusedGlobal,
  storageOf,
  torchGlobals,
  type TorchPickle,
  type TorchStorage,
  type TorchView,
} from './torch-globals.ts';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
const LABEL = 'the file';

/** A storage that owns its bytes, and the parts of it that are storages themselves. */
interface Root {
  readonly storage: TorchStorage;
  readonly parts: Map<string, { readonly storage: TorchStorage; readonly offset: number }>;
}

/**
 * Reads the stream that torch.save wrote before 1.6: pickles of a magic number, the protocol, the machine, the value and the keys of the
 * storages, then the storages, each as its number of elements in 8 bytes and its elements.
 *
 * Its numbers are little endian on every machine, whatever the pickle of the machine says.
 * @internal
 */
export function readTorchStream(call: string, file: Uint8Array): TorchPickle {
  const views: TorchView[] = [];
  const roots = new Map<string, Root>();
  const source = {
    ...{ call, bytes: file, label: LABEL, unknownGlobal: refusedGlobal },
    global: torchGlobals((view) => views.push(view)),
    persistent: (id: unknown, refuse: Refuse): TorchStorage => storageIn(roots, storageOf(id, refuse), refuse),
  };
  const magic = readPickle(source, 0);
  if (magic.value !== MAGIC) {
    const way = 'only files of torch.save are read';
    throw wrongBytes(call, `must begin with the magic number of torch.save, got another pickle (${way})`, file);
  }
  const protocol = readPickle(source, magic.end);
  if (protocol.value !== PROTOCOL) {
    throw wrongBytes(call, `must be of protocol ${PROTOCOL}, got ${describe(protocol.value)}`, file);
  }
  const machine = readPickle(source, protocol.end);
  const { value, end } = readPickle(source, machine.end);
  const keys = readPickle(source, end);
  readStorages(call, file, { begin: keys.end, keys: keysOf(call, keys.value, roots), roots });
  return { value, views, littleEndian: true };
}

/** The storage of a persistent id; the same for the same key. */
function storageIn(
  roots: Map<string, Root>,
  { key, stored, length, view }: NamedStorage,
  refuse: Refuse,
): TorchStorage {
  const root: Root = roots.get(key) ?? { storage: { key, stored, length }, parts: new Map() };
  if (root.storage.stored !== stored || root.storage.length !== length) {
    throw refuse('must have one type and length for each storage', `two for ${showText(key)}`);
  }
  roots.set(key, root);
  if (view === null) return root.storage;
  const [partKey, offset, partLength] = Array.isArray(view) ? (view as unknown[]) : [];
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  const isPart = typeof partKey === 'string' && isCount(offset) && isCount(partLength);
  if (!isPart || offset + partLength > length) {
    throw refuse('must have parts (key, offset, length) inside their storage', describe(view));
  }
  const before = root.parts.get(partKey);
  const storage = before?.storage ?? { key: partKey, stored, length: partLength };
  if (storage.length !== partLength || (before !== undefined && before.offset !== offset)) {
    throw refuse('must have one place for each part of a storage', `two for ${showText(partKey)}`);
  }
  root.parts.set(partKey, { storage, offset });
  return storage;
}

function keysOf(call: string, value: unknown, roots: ReadonlyMap<string, Root>): readonly string[] {
  const keys = Array.isArray(value) ? (value as unknown[]) : [];
  const isWhole = keys.length === roots.size && keys.every((key) => roots.has(key as string));
  if (Array.isArray(value) && isWhole && new Set(keys).size === keys.length) return keys as string[];
  const got = Array.isArray(value) ? `${keys.length} keys` : describe(value);
  throw wrongBytes(call, `must list the keys of its ${roots.size} storages behind its value, got ${got}`, value);
}

const LENGTH_BYTES = 8;

interface StorageRun {
  readonly begin: number;
  readonly keys: readonly string[];
  readonly roots: ReadonlyMap<string, Root>;
}

function readStorages(call: string, file: Uint8Array, { begin, keys, roots }: StorageRun): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = begin;
  for (const key of keys) {
    const { storage, parts } = roots.get(key)!;
    const { length } = storage;
    const width = storedBytes(storage.stored);
    const end = at + LENGTH_BYTES + length * width;
    if (end > file.length) {
      const must = `must hold the ${LENGTH_BYTES + length * width} bytes of storage ${showText(key)} at ${at}`;
      throw wrongBytes(call, `${must}, got ${file.length - at} (truncated)`, file);
    }
    const written = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
    if (written !== length) {
      throw wrongBytes(call, `must have ${length} elements in storage ${showText(key)}, got ${written}`, written);
    }
    storage.bytes = file.subarray(at + LENGTH_BYTES, end);
    for (const { storage: part, offset } of parts.values()) {
      part.bytes = storage.bytes.subarray(offset * width, (offset + part.length) * width);
    }
    at = end;
  }
  if (at < file.length) {
    throw wrongBytes(call, `must end behind its storages, got ${file.length - at} bytes that are left over`, file);
  }
}
