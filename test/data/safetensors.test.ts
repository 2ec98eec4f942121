import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../src/data/safetensors.ts';
import type { NpyArray } from '../../src/data/arrays.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { halfValue } from './half-value.ts';
import { asWritten, npyArrays } from './npy-arrays.ts';
import { safetensorsFile, writeSafetensors } from './safetensors-encoder.ts';

interface ReferenceFile {
  readonly name: string;
  readonly base64: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Readonly<
    Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly values: readonly unknown[] }>
  >;
}

const { files } = await readFixture<{ files: readonly ReferenceFile[] }>('safetensors.json');
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));
const numberOf = (text: unknown): number => (text === 'inf' ? Infinity : Number(text));

describe('decodeSafetensors: files that the reference wrote', () => {
  it.each(files)('$name', ({ base64, metadata, tensors }) => {
    const decoded = decodeSafetensors(bytesOf(base64));
    expect([...decoded.metadata]).toEqual(Object.entries(metadata));
    expect([...decoded.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, { dtype, shape, values }] of Object.entries(tensors)) {
      const tensor = decoded.tensors.get(name)!;
      expect(tensor.dtype, name).toBe(dtype === 'float16' ? 'float32' : dtype);
      expect(tensor.shape, name).toEqual(shape);
      expect(Array.from(tensor.data), name).toEqual(values.map(numberOf));
    }
  });

  it.each(files.filter(({ name }) => name !== 'one of each type'))('$name: encoded again, byte for byte', (file) => {
    const { tensors, metadata } = decodeSafetensors(bytesOf(file.base64));
    const shuffled = new Map([...tensors].reverse());
    expect(encodeSafetensors(shuffled, metadata)).toEqual(bytesOf(file.base64));
  });

  it('one of each type: encoded again, byte for byte but for float16, which becomes F32', () => {
    const { base64 } = files.find(({ name }) => name === 'one of each type')!;
    const { tensors } = decodeSafetensors(bytesOf(base64));
    const again = decodeSafetensors(encodeSafetensors(tensors));
    expect([...again.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, tensor] of tensors) expect(again.tensors.get(name)).toEqual(tensor);
    // Widest first: i64, f64, f32 and i32, then the widened f16 among the F32.
    expect([...again.tensors.keys()]).toEqual(['i64', 'f64', 'f16', 'f32', 'i32', 'i16', 'i8', 'u8', 'bool']);
  });
});

describe('decodeSafetensors: floats of two bytes', () => {
  it.each([
    ['F16', 5, 10],
    ['BF16', 8, 7],
  ])('all 65536 words of %s', (code, exponentBits, fractionBits) => {
    const values = Array.from({ length: 2 ** 16 }, (_, word) => word);
    const file = writeSafetensors([{ name: 'all', code, shape: [2 ** 16], values }]);
    const { data, dtype } = decodeSafetensors(file).tensors.get('all')!;
    expect(dtype).toBe('float32');
    const wrong = values.filter((word) => !Object.is(data[word], halfValue(word, exponentBits, fractionBits)));
    expect(wrong).toEqual([]);
  });
});

describe('decodeSafetensors', () => {
  it('takes an ArrayBuffer, and a view at an odd place of a larger buffer', () => {
    const file = writeSafetensors([{ name: 'a', code: 'F64', shape: [2], values: [1, -2] }]);
    const expected = new Map([['a', { dtype: 'float64', shape: [2], data: Float64Array.of(1, -2) }]]);
    expect(decodeSafetensors(file.buffer as ArrayBuffer).tensors).toEqual(expected);
    const padded = new Uint8Array(file.length + 7);
    padded.set(file, 3);
    const { tensors } = decodeSafetensors(padded.subarray(3, 3 + file.length));
    padded.fill(0);
    expect(tensors).toEqual(expected);
  });

  it('gives the tensors in the order of their bytes, whatever the order of the header', () => {
    const info = (begin: number): object => ({ dtype: 'U8', shape: [1], data_offsets: [begin, begin + 1] });
    const file = safetensorsFile(JSON.stringify({ b: info(1), 2: info(2), a: info(0) }), [7, 8, 9]);
    const found = [...decodeSafetensors(file).tensors].map(([name, { data }]) => [name, data[0]]);
    expect(found).toEqual([
      ['a', 7],
      ['b', 8],
      ['2', 9],
    ]);
  });

  it('takes every name as a plain text', () => {
    const names = ['__proto__', 'constructor', 'toString', '', 'a.b', '\u0000'];
    const tensors = names.map((name) => ({ name, code: 'U8', shape: [1], values: [1] }));
    const decoded = decodeSafetensors(writeSafetensors(tensors, { ['__proto__']: 'x' }));
    expect([...decoded.tensors.keys()]).toEqual(names);
    expect(({} as Record<string, unknown>)['dtype']).toBeUndefined();
  });
});

const safeText = fc.string({ unit: 'binary', maxLength: 6 });
const named = fc.uniqueArray(fc.tuple(safeText, npyArrays(0)), { selector: ([name]) => name, maxLength: 5 });

describe('safetensors: laws', () => {
  it('what is encoded is decoded, and the header is padded to 8 bytes', () => {
    fc.assert(
      fc.property(named, fc.dictionary(safeText, safeText, { maxKeys: 3 }), (entries, texts) => {
        const metadata = new Map(Object.entries(texts));
        const file = encodeSafetensors(new Map<string, NpyArray>(entries), metadata);
        const decoded = decodeSafetensors(file);
        expect(decoded.metadata).toEqual(metadata);
        expect(decoded.tensors).toEqual(new Map(entries.map(([name, array]) => [name, asWritten(array)])));
        expect(new DataView(file.buffer).getUint32(0, true) % 8).toBe(0);
      }),
      { numRuns: 300, seed: 8 },
    );
  });

  it('the order of the tensors does not matter', () => {
    fc.assert(
      fc.property(named, (entries) => {
        const reversed = new Map<string, NpyArray>([...entries].reverse());
        expect(encodeSafetensors(reversed)).toEqual(encodeSafetensors(new Map<string, NpyArray>(entries)));
      }),
      { numRuns: 100, seed: 9 },
    );
  });
});
