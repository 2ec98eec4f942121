import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy } from '../../src/data/npy.ts';
import { npyPreamble } from '../../src/data/npy-header.ts';
import type { NpyDtype } from '../../src/data/arrays.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { asWritten, npyArrays } from './npy-arrays.ts';
import { encodeNpy as slowEncodeNpy } from './npy-encoder.ts';

const { files } = await readFixture<{ files: readonly { name: string; base64: string }[] }>('npy.json');
const { headers } = await readFixture<{
  headers: readonly { dtype: NpyDtype; shape: readonly number[]; header: string }[];
}>('npy_headers.json');

describe('encodeNpy: equal to NumPy', () => {
  const written = files.map(({ name, base64 }) => ({ name, bytes: Uint8Array.from(Buffer.from(base64, 'base64')) }));
  const headerOf = ({ bytes }: (typeof written)[number]): string => Buffer.from(bytes).toString('latin1', 0, 80);
  // What np.save gives: version 1.0, no big-endian elements, C order; halves become float32.
  const saved = written.filter((file) => file.bytes[6] === 1 && !/'>|True|<f2/.test(headerOf(file)));

  it.each(saved)('$name', async ({ bytes }) => expect(encodeNpy(await decodeNpy(bytes))).toEqual(bytes));

  it('in every element type', async () => {
    const dtypes = await Promise.all(saved.map(async ({ bytes }) => (await decodeNpy(bytes)).dtype));
    expect(new Set(dtypes).size).toBe(11);
  });

  it('in the bytes before the values, for 56 shapes and element types', () => {
    expect(headers).toHaveLength(56);
    for (const { dtype, shape, header } of headers) {
      expect(Buffer.from(npyPreamble({ dtype, shape })).toString('latin1'), `${dtype} [${shape}]`).toBe(header);
    }
  });
});

describe('encodeNpy: laws', () => {
  it('what it writes is read back, and its values are those of the slow encoder', async () => {
    await fc.assert(
      fc.asyncProperty(npyArrays(), async (array) => {
        const file = encodeNpy(array);
        expect(await decodeNpy(file)).toEqual(asWritten(array));
        const slow = slowEncodeNpy(array);
        const length = file.length - npyPreamble(array).length;
        expect(file.subarray(-length)).toEqual(slow.subarray(-length));
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it('takes a view into a larger buffer, and shares no memory with it', async () => {
    const all = Float64Array.of(9, 1, 2, 9);
    const file = encodeNpy({ dtype: 'float64', shape: [2], data: all.subarray(1, 3) });
    all.fill(0);
    expect([...(await decodeNpy(file)).data]).toEqual([1, 2]);
  });
});
