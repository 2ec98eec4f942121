import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNpy } from '../../src/data/npy.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { halfValue } from './half-value.ts';
import { gzip } from './idx-encoder.ts';
import { asWritten, npyArrays } from './npy-arrays.ts';
import { encodeNpy, npyFile } from './npy-encoder.ts';

interface NumpyFile {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | boolean | string)[];
  readonly base64: string;
}

const { files } = await readFixture<{ files: readonly NumpyFile[] }>('npy.json');
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));
const numberOf = (value: number | boolean | string): number =>
  value === 'inf' ? Infinity : value === '-inf' ? -Infinity : Number(value);

describe('decodeNpy: files that NumPy wrote', () => {
  it.each(files)('$name', async ({ dtype, shape, values, base64 }) => {
    const expected = values.map((value) => (value === 'nan' ? NaN : numberOf(value)));
    const plain = await decodeNpy(bytesOf(base64));
    expect(plain.dtype).toBe(dtype);
    expect(plain.shape).toEqual(shape);
    expect(Array.from(plain.data)).toEqual(expected);
    expect(await decodeNpy(gzip(bytesOf(base64)))).toEqual(plain);
  });
});

describe('decodeNpy: float16', () => {
  it.each(['<', '>'])('all 65536 words, byte order %s', async (order) => {
    const body = new Uint8Array(2 ** 17);
    const view = new DataView(body.buffer);
    for (let word = 0; word < 2 ** 16; word++) view.setUint16(2 * word, word, order === '<');
    const file = npyFile(`{'descr': '${order}f2', 'fortran_order': False, 'shape': (65536,), }`, body);
    const { dtype, data } = await decodeNpy(file);
    expect(dtype).toBe('float32');
    const wrong = Array.from(data.keys()).filter((word) => !Object.is(data[word], halfValue(word, 5, 10)));
    expect(wrong).toEqual([]);
  });
});

describe('decodeNpy: integers of 64 bits without sign', () => {
  it('are exact or refused', async () => {
    const file = (value: bigint): Uint8Array => {
      const body = new Uint8Array(8);
      new DataView(body.buffer).setBigUint64(0, value);
      return npyFile("{'descr': '>u8', 'fortran_order': False, 'shape': (1,), }", body);
    };
    expect((await decodeNpy(file(2n ** 53n - 1n))).data).toEqual(Float64Array.of(2 ** 53 - 1));
    for (const value of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      await expect(decodeNpy(file(value))).rejects.toThrow(
        `must hold integers below 2^53 in size, got about ${Number(value)} at element 0`,
      );
    }
  });
});

describe('decodeNpy: other writers', () => {
  const body = [1, 2, 3, 4, 5, 6];
  const expected = { dtype: 'uint8', shape: [2, 3], data: Uint8Array.from(body) };
  it.each([
    ['another order of names', "{'shape': (2, 3), 'fortran_order': False, 'descr': '|u1'}"],
    ['double quotes', '{"descr": "|u1", "fortran_order": False, "shape": (2, 3)}'],
    ['no spaces', "{'descr':'|u1','fortran_order':False,'shape':(2,3)}"],
    ['a comma at the end of the tuple', "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3,), }"],
    ['long integers of Python 2', "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }"],
    ['a byte order where there is none', "{'descr': '<u1', 'fortran_order': False, 'shape': (2, 3), }"],
  ])('%s', async (_name, dictionary) => {
    expect(await decodeNpy(npyFile(dictionary, body))).toEqual(expected);
  });

  it('takes an ArrayBuffer, and a view into a larger buffer', async () => {
    const file = npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", body);
    expect(await decodeNpy(file.buffer as ArrayBuffer)).toEqual(expected);
    const padded = new Uint8Array(file.length + 7);
    padded.set(file, 3);
    expect(await decodeNpy(padded.subarray(3, 3 + file.length))).toEqual(expected);
  });

  it('does not share memory with the file', async () => {
    const file = npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", body);
    const { data } = await decodeNpy(file);
    file.fill(0);
    expect(Array.from(data)).toEqual(body);
  });

  it('keeps the bits of a NaN', async () => {
    const file = npyFile("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", [0x7f, 0xa0, 0x12, 0x34]);
    const { data } = await decodeNpy(file);
    expect(new Uint32Array(data.buffer)[0]).toBe(0x7fa01234);
  });
});

const layouts = fc.record({
  littleEndian: fc.boolean(),
  fortranOrder: fc.boolean(),
  version: fc.constantFrom(1 as const, 2 as const, 3 as const),
});

describe('decodeNpy: laws', () => {
  it('decoding an encoded array gives it back, in every layout', async () => {
    await fc.assert(
      fc.asyncProperty(npyArrays(), layouts, async (array, layout) => {
        expect(await decodeNpy(encodeNpy(array, layout))).toEqual(asWritten(array));
      }),
      { numRuns: 500, seed: 3 },
    );
  });
});
