import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { NpyArray } from '../../src/data/arrays.ts';
import { decodeTorchCheckpoint, type TorchCheckpoint } from '../../src/data/torch-checkpoint.ts';
import type { TorchValue } from '../../src/data/torch-content.ts';
import { DataError } from '../../src/errors.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { thrownBy } from '../helpers/errors.ts';
import { called, dict, type Item, named, pickled, tensor, torchArchive, torchStream } from './torch-encoder.ts';

/** Files that PyTorch wrote, packed, and what it has in them. */
interface SmallFiles {
  readonly files: Readonly<Record<string, string>>;
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
  readonly refused: Readonly<Record<string, string>>;
}

const small = await readFixture<SmallFiles>('torch/small.json');
const unpacked = (text: string): Uint8Array => new Uint8Array(gunzipSync(Buffer.from(text, 'base64')));
const at = ({ content }: TorchCheckpoint, key: string | number): TorchValue | undefined =>
  (content as ReadonlyMap<string | number, TorchValue>).get(key);
const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('files that PyTorch wrote', () => {
  it.each(Object.keys(small.files))('%s: tensors of every type and layout, with their values', (name) => {
    const checkpoint = decodeTorchCheckpoint(unpacked(small.files[name]!));
    const tensors = checkpoint.stateDicts.get('model')!;
    expect([...tensors.keys()]).toEqual(Object.keys(small.tensors));
    for (const [key, { shape, data }] of tensors) {
      expect([...shape], key).toEqual(small.tensors[key]!.shape);
      expect([...data], key).toEqual(small.tensors[key]!.data);
    }
    const types = ['double', 'half', 'bfloat16', 'long', 'char', 'byte', 'uint16', 'uint32', 'uint64', 'bool'];
    expect(types.map((key) => tensors.get(key)!.dtype)).toEqual(
      ['float64', 'float32', 'float32', 'int64', 'int8', 'uint8', 'uint16', 'uint32', 'uint64', 'bool'], // prettier-ignore
    );
  });

  it.each(Object.keys(small.files))('%s: plain values', (name) => {
    const checkpoint = decodeTorchCheckpoint(unpacked(small.files[name]!));
    const { content, stateDicts } = checkpoint;
    expect([...stateDicts.keys()]).toEqual(['model']);
    const values = new Map(content as ReadonlyMap<string, TorchValue>);
    expect(values.get('model')).toBeInstanceOf(Map);
    values.delete('model');
    expect(values).toEqual(
      new Map<string | number, TorchValue>([
        ['epoch', 90],
        ['arch', 'cifar_resnet20'],
        ['best', 71.25],
        ['none', null],
        ['flags', [true, false]],
        ['pair', [1, ['a', 2]]],
        ['long', 2n ** 70n],
        ['negative', -(2n ** 63n)],
        ['bytes', Uint8Array.of(0, 255, 122)],
        ['no bytes', new Uint8Array()],
        ['set', new Set([1, 2, 3])],
        ['text', 'grüße 日'],
        ['ordered', new Map([['b', 1], ['a', 2]])], // prettier-ignore
        [7, 'number as key'],
      ]),
    );
  });

  it.each(Object.entries(small.refused))('%s is refused by its name', async (_name, file) => {
    const error = await thrownBy(() => decodeTorchCheckpoint(unpacked(file)));
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatchSnapshot();
  });
});

const pair = tensor({ length: 2, shape: [2], strides: [1] });

describe('both forms', () => {
  it('reads a state dict at the top, and takes any bytes', () => {
    const file = torchArchive(dict({ 'module.fc.bias': pair }), { '0': floats(1, -2) });
    const bias: NpyArray = { dtype: 'float32', shape: [2], data: Float32Array.of(1, -2) };
    const whole = decodeTorchCheckpoint(file.slice().buffer);
    expect(whole.stateDicts).toEqual(new Map([['', new Map([['module.fc.bias', bias]])]]));
    const inside = new Uint8Array(file.length + 3);
    inside.set(file, 3);
    expect(decodeTorchCheckpoint(inside.subarray(3))).toEqual(whole);
    const stream = torchStream(dict({ 'module.fc.bias': pair }), { '0': [2, floats(1, -2)] });
    expect(decodeTorchCheckpoint(stream)).toEqual(whole);
  });

  it('shares no memory with the bytes, and one tensor in two places is one array', () => {
    const twice = { code: [...[0x7d, 0x28], ...pickledTwice(), 0x75] };
    const file = torchArchive(twice, { '0': floats(1, -2) });
    const { stateDicts } = decodeTorchCheckpoint(file);
    file.fill(0);
    const { a, b } = Object.fromEntries(stateDicts.get('')!);
    expect([...a!.data]).toEqual([1, -2]);
    expect(b).toBe(a);
  });

  it('reads storages of big-endian machines as their archive says', () => {
    const bytes = Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0);
    const { stateDicts } = decodeTorchCheckpoint(torchArchive(dict({ a: pair }), { '0': bytes }, { byteorder: 'big' }));
    expect([...stateDicts.get('')!.get('a')!.data]).toEqual([1, -2]);
    const short = tensor({ type: 'BFloat16Storage', length: 1, shape: [], strides: [] });
    const halves = torchArchive(dict({ a: short }), { '0': Uint8Array.of(0x3f, 0x80) }, { byteorder: 'big' });
    expect([...decodeTorchCheckpoint(halves).stateDicts.get('')!.get('a')!.data]).toEqual([1]);
  });

  it('reads parts of storages, and texts and dictionaries as Python 2 wrote them', () => {
    const old = (text: string): Item => ({ code: [0x55, text.length, ...Buffer.from(text)] });
    const view: Item = { tuple: ['part', 1, 2] };
    const part = tensor({ length: 3, shape: [2], strides: [1], view });
    const state = called(named('collections', 'OrderedDict'), [[old('a'), part]]);
    const checkpoint = decodeTorchCheckpoint(torchStream(dict({ net: state }), { '0': [3, floats(1, 2, 3)] }));
    expect([...checkpoint.stateDicts.get('net')!.get('a')!.data]).toEqual([2, 3]);
  });

  it('finds state dicts by names and places in lists, and the tensors of an optimizer are none', () => {
    const state = dict({ a: pair });
    const optimizer = dict({ state: new Map<Item, Item>([[0, dict({ momentum_buffer: pair })]]) });
    const value = dict({ best: pair, ema: dict({ net: state }), optimizer, parts: [state, { tuple: [state, 3] }] });
    const checkpoint = decodeTorchCheckpoint(torchArchive(value, { '0': floats(1, 2) }));
    expect([...checkpoint.stateDicts.keys()]).toEqual(['ema.net', 'parts.0', 'parts.1.0']);
    const list = decodeTorchCheckpoint(torchArchive([dict({ a: pair, epoch: 3 })], { '0': floats(1, 2) }));
    expect([...list.stateDicts]).toEqual([['0', new Map([['a', expect.anything()]])]]);
    expect(at(decodeTorchCheckpoint(torchArchive(dict({ epoch: 3 }))), 'epoch')).toBe(3);
    expect(decodeTorchCheckpoint(torchArchive(dict({ epoch: 3 }))).stateDicts.size).toBe(0);
  });

  it('finds a state dict that an optimizer refers to before', () => {
    // {0: X, 'net': X} with one dictionary X.
    const state = [...bytesOf(dict({ a: pair })), 0x71, 9];
    const value = { code: [0x7d, 0x28, ...bytesOf(0), ...state, ...bytesOf('net'), 0x68, 9, 0x75] };
    const checkpoint = decodeTorchCheckpoint(torchArchive(value, { '0': floats(1, 2) }));
    expect([...checkpoint.stateDicts.keys()]).toEqual(['net']);
  });
});

function bytesOf(item: Item): number[] {
  return pickled(item);
}

function pickledTwice(): number[] {
  return [...bytesOf('a'), ...bytesOf(pair), 0x71, 5, ...bytesOf('b'), 0x68, 5];
}
