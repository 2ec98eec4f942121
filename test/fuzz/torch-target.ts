import assert from 'node:assert/strict';
import { decodeTorchCheckpoint, type TorchCheckpoint } from '../../src/data/torch-checkpoint.ts';
import type { NpyArray } from '../../src/data/arrays.ts';
import { called, dict, type Item, named, tensor, torchArchive, torchStream } from '../data/torch-encoder.ts';
import { readArchive, withChecksums } from './archive-targets.ts';
import { maxBytes } from './data-targets.ts';
import { type Named, naivePickle } from './naive-pickle.ts';
import type { FuzzTarget } from './fuzz.ts';

const bytes = Uint8Array.from({ length: 48 }, (_, i) => (i % 4 === 3 ? 0x3f : i * 5));
const small = Uint8Array.of(0, 1, 1, 0);
const state: Item = called(named('collections', 'OrderedDict'), [
  ['conv.weight', tensor({ length: 12, shape: [3, 4], strides: [4, 1] })],
  ['conv.bias', tensor({ length: 12, offset: 2, shape: [2, 3], strides: [1, 3] })],
  ['mask', tensor({ type: 'BoolStorage', key: '1', length: 4, shape: [2, 2], strides: [1, 2] })],
  ['empty', tensor({ type: 'BoolStorage', key: '1', length: 4, shape: [0, 3], strides: [3, 1] })],
]);
const parameter = called(
  named('torch._utils', '_rebuild_parameter'),
  tensor({ length: 12, shape: [], strides: [] }),
  true,
  null,
);
const plain = { epoch: 90, lr: 0.5, big: 2 ** 40, none: null, tags: ['a', true, { tuple: [1, [2]] }] };
const values: readonly Item[] = [
  state,
  dict({ state_dict: state, ...plain }),
  dict({ net: dict({ p: parameter }), more: called(named('builtins', 'set'), [1, 'x']), ...plain }),
  dict({ model: state, raw: called(named('_codecs', 'encode'), 'abc', 'latin1') }),
];

const tokens = [
  ['FloatStorage', 'ShortStorage'],
  ['FloatStorage\nX\x01\x00\x00\x000', 'DoubleStorage\nX\x01\x00\x00\x00'],
  ['BoolStorage', 'CharStorage', 'ByteStorage', 'HalfStorage', 'LongStorage'],
  ['J\x0c\x00\x00\x00', 'J\x04\x00\x00\x00', 'J\x00\x00\x00\x00', 'J\x03\x00\x00\x00', 'J\x02\x00\x00\x00'],
  ['builtins', 'nt......', 'posix...'],
  ['state_dict', 'state.dict', 'model_dict'],
  [']', '}', ')', 'N', '\x8f', '0', '1'],
  ['t', 'u', 'e', '\x90', 's', 'a', '\x85', '\x86'],
] as const;

/** Archives of torch.save: the pickle is read by a simple machine, every element is looked up by its strides. */
export const torchArchiveTarget: FuzzTarget<TorchCheckpoint> = {
  name: 'PyTorch archive',
  seeds: values.map((value) => torchArchive(value, { '0': bytes, '1': small })),
  tokens,
  decode: async (file) => await Promise.resolve().then(() => decodeTorchCheckpoint(withChecksums(file), { maxBytes })),
  check: ({ content }, file) => {
    const members = new Map(readArchive(withChecksums(file)).map(({ name, data }) => [name, data]));
    const pickle = [...members.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name))!;
    const folder = pickle.slice(0, -'data.pkl'.length);
    const isBig =
      Buffer.from(members.get(`${folder}byteorder`) ?? [])
        .toString('latin1')
        .trim() === 'big';
    const { value } = naivePickle(Buffer.from(members.get(pickle)!), 0);
    compare(content, value, { storage: (key) => Buffer.from(members.get(`${folder}data/${key as string}`)!), isBig });
  },
};

/** Streams of torch.save before 1.6, likewise. */
export const torchStreamTarget: FuzzTarget<TorchCheckpoint> = {
  name: 'PyTorch stream',
  seeds: values.map((value) => torchStream(value, { '0': [12, bytes], ...storageOne(value) })),
  tokens,
  decode: async (file) => await Promise.resolve().then(() => decodeTorchCheckpoint(file, { maxBytes })),
  check: ({ content }, bytes) => {
    const file = Buffer.from(bytes);
    let end = 0;
    const pickles = Array.from({ length: 5 }, () => {
      const read = naivePickle(file, end);
      ({ end } = read);
      return read.value;
    });
    const types = new Map<unknown, Named>();
    references(pickles[3], (args) => types.set(args[2], args[1] as Named));
    const storages = new Map<unknown, Buffer>();
    for (const key of pickles[4] as string[]) {
      const size = Number(file.readBigUInt64LE(end)) * WIDTHS[types.get(key)!.name.slice(6, -7)]![0];
      storages.set(key, file.subarray(end + 8, end + 8 + size));
      end += 8 + size;
    }
    assert.equal(end, file.length);
    compare(content, pickles[3], { storage: (key) => storages.get(key)!, isBig: false });
  },
};

/** Only storages that a value refers to are in its stream. */
function storageOne(value: Item): Record<string, readonly [number, Uint8Array]> {
  return value === values[2] ? {} : { '1': [4, small] };
}

type Read = (bytes: Buffer, isBig: boolean) => number;
const half: Read = (b, isBig) => {
  const word = isBig ? b.readUInt16BE() : b.readUInt16LE();
  const [sign, exponent, fraction] = [word >> 15 ? -1 : 1, (word >> 10) & 31, word & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
};
const WIDTHS: Readonly<Record<string, readonly [number, Read]>> = {
  Float: [4, (b, isBig) => (isBig ? b.readFloatBE() : b.readFloatLE())],
  Double: [8, (b, isBig) => (isBig ? b.readDoubleBE() : b.readDoubleLE())],
  Short: [2, (b, isBig) => (isBig ? b.readInt16BE() : b.readInt16LE())],
  Int: [4, (b, isBig) => (isBig ? b.readInt32BE() : b.readInt32LE())],
  Long: [8, (b, isBig) => Number(isBig ? b.readBigInt64BE() : b.readBigInt64LE())],
  Char: [1, (b) => b.readInt8()],
  Byte: [1, (b) => b.readUInt8()],
  Bool: [1, (b) => b.readUInt8()],
  Half: [2, half],
};

interface Storages {
  readonly storage: (key: unknown) => Buffer;
  readonly isBig: boolean;
}

function compare(found: unknown, value: unknown, storages: Storages): void {
  if (value instanceof Map) {
    assert.ok(found instanceof Map);
    assert.deepEqual([...found.keys()], [...value.keys()]);
    for (const [key, child] of value) compare(found.get(key), child, storages);
  } else if (Array.isArray(value)) {
    assert.ok(Array.isArray(found));
    assert.equal(found.length, value.length);
    value.forEach((child, i) => compare(found[i], child, storages));
  } else if (isNamed(value)) compareTensor(found as NpyArray, value, storages);
  else assert.deepEqual(found, value);
}

const isNamed = (value: unknown): value is Named => typeof value === 'object' && value !== null && 'args' in value;

function compareTensor({ shape, data }: NpyArray, { name, args }: Named, { storage, isBig }: Storages): void {
  assert.equal(name, 'torch._utils._rebuild_tensor_v2');
  const [reference, offset, size, strides] = args as [Named, number, number[], number[]];
  const [, type, key] = reference.args as [string, Named, string];
  const [width, read] = WIDTHS[type.name.slice('torch.'.length, -'Storage'.length)]!;
  assert.deepEqual(shape, size);
  assert.equal(data.length, size.reduce((product, n) => product * n, 1)); // prettier-ignore
  for (let i = 0; i < data.length; i++) {
    let [rest, place] = [i, offset];
    for (let axis = size.length - 1; axis >= 0; axis--) {
      place += (rest % size[axis]!) * strides[axis]!;
      rest = Math.floor(rest / size[axis]!);
    }
    const element = storage(key).subarray(place * width, (place + 1) * width);
    assert.equal(element.length, width);
    assert.ok(Object.is(data[i], read(element, isBig)));
  }
}

function references(value: unknown, found: (args: readonly unknown[]) => void): void {
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    for (const child of value.values()) references(child, found);
  } else if (isNamed(value)) {
    if (value.name === 'reference') found(value.args!);
    else references(value.args, found);
  }
}
