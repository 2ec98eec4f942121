import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { crc32 } from '../../src/data/file-bytes.ts';
import { decodeNpz } from '../../src/data/decode-npz.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { asWritten, npyArrays } from './npy-arrays.ts';
import { encodeNpy } from './npy-encoder.ts';
import { zipArchive, type ZipEntry } from './zip-encoder.ts';

interface NumpyArchive {
  readonly name: string;
  readonly base64: string;
  readonly arrays: Readonly<
    Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly values: readonly unknown[] }>
  >;
}

const { files } = await readFixture<{ files: readonly NumpyArchive[] }>('npz.json');
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));
const bytes = (...values: number[]): Uint8Array =>
  encodeNpy({ dtype: 'uint8', shape: [values.length], data: Uint8Array.from(values) });

describe('decodeNpz: archives that NumPy and Python wrote', () => {
  it.each(files)('$name', async ({ base64, arrays }) => {
    const decoded = await decodeNpz(bytesOf(base64));
    expect([...decoded.keys()]).toEqual(Object.keys(arrays));
    for (const [name, { dtype, shape, values }] of Object.entries(arrays)) {
      const array = decoded.get(name)!;
      expect(array.dtype, name).toBe(dtype);
      expect(array.shape, name).toEqual(shape);
      expect(Array.from(array.data), name).toEqual(values.map(Number));
    }
  });

  it('gives the chosen arrays only, and does not look at the others', async () => {
    const file = zipArchive([
      { name: 'a.npy', data: bytes(1) },
      { name: 'objects.npy', data: new TextEncoder().encode('no array') },
      { name: 'b.npy', data: bytes(2), deflate: true },
    ]);
    const chosen = await decodeNpz(file, { names: ['b', 'a', 'b'] });
    expect([...chosen].map(([name, { data }]) => [name, data[0]])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect((await decodeNpz(file, { names: [] })).size).toBe(0);
    await expect(decodeNpz(file)).rejects.toThrow('in member "objects.npy"');
  });

  it('passes over members that are no arrays, as np.load does until one is asked for', async () => {
    const file = zipArchive([
      { name: 'set/', data: new Uint8Array(0) },
      { name: 'README', data: new TextEncoder().encode('no array') },
      { name: 'set/a.npy', data: bytes(1) },
      { name: 'b', data: bytes(2) },
      { name: 'c', data: bytes(3) },
      { name: 'c.npy', data: bytes(4) },
      { name: '.npy', data: bytes(5) },
      { name: '__MACOSX/set/._a.npy', data: new TextEncoder().encode('Mac') },
    ]);
    const found = async (names?: string[]): Promise<unknown> =>
      [...(await decodeNpz(file, { names }))].map(([name, { data }]) => [name, data[0]]);
    expect(await found()).toEqual([
      ['set/a', 1],
      ['c', 4],
      ['', 5],
    ]);
    expect(await found(['c', 'b', 'set/a'])).toEqual([
      ['set/a', 1],
      ['b', 2],
      ['c', 4],
    ]);
    await expect(found(['README'])).rejects.toThrow('in member "README"');
  });

  it('reads an archive with a comment, also one of the longest', async () => {
    for (const comment of ['made by hand', 'x'.repeat(65535)]) {
      const file = zipArchive([{ name: 'a.npy', data: bytes(5, 6) }], { comment });
      expect([...(await decodeNpz(file)).keys()]).toEqual(['a']);
    }
  });

  it('counts only the chosen arrays against maxBytes, all together', async () => {
    const file = zipArchive(['a', 'b'].map((name) => ({ name: `${name}.npy`, data: bytes(1, 2) })));
    expect((await decodeNpz(file, { names: ['a'], maxBytes: 130 })).size).toBe(1);
    expect((await decodeNpz(file, { maxBytes: 260 })).size).toBe(2);
    await expect(decodeNpz(file, { maxBytes: 259 })).rejects.toThrow('got 260');
  });

  it('takes an ArrayBuffer, and a view at an odd place; shares no memory', async () => {
    const file = zipArchive([{ name: 'a.npy', data: bytes(5, 6) }]);
    const expected = new Map([['a', { dtype: 'uint8', shape: [2], data: Uint8Array.of(5, 6) }]]);
    expect(await decodeNpz(file.buffer as ArrayBuffer)).toEqual(expected);
    const padded = new Uint8Array(file.length + 7);
    padded.set(file, 3);
    const decoded = await decodeNpz(padded.subarray(3, 3 + file.length));
    padded.fill(0);
    expect(decoded).toEqual(expected);
  });
});

const entries: fc.Arbitrary<Pick<ZipEntry, 'deflate' | 'behind' | 'zip64' | 'extra'>> = fc
  .record({
    deflate: fc.boolean(),
    behind: fc.constantFrom(undefined, 'signed', 'bare', 'signed64', 'bare64'),
    zip64: fc.constantFrom(undefined, 'local', 'directory', 'both'),
    extra: fc.constantFrom(undefined, [0x55, 0x54, 2, 0, 9, 9], [0xfe, 0xca, 0, 0]),
  })
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
const names = fc
  .stringMatching(/^[\wé:.][\w /é.-]{0,8}\w$/u)
  .filter((name) => !/\.\.|\/\.?\/|^\.\/|^[a-z]:|\/$/i.test(name));

describe('decodeNpz: laws', () => {
  it('every way to write an archive is read', async () => {
    const member = fc.tuple(names, npyArrays(), entries);
    const members = fc.uniqueArray(member, { selector: ([name]) => name, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(members, fc.boolean(), async (given, zip64) => {
        const file = zipArchive(
          given.map(([name, array, how]) => ({ name: `${name}.npy`, data: encodeNpy(array), ...how })),
          { zip64 },
        );
        const expected = new Map(given.map(([name, array]) => [name, asWritten(array)]));
        expect(await decodeNpz(file)).toEqual(expected);
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('no damaged bit of an archive changes an array: all are seen, but for version, time and attributes', async () => {
    const file = zipArchive([
      { name: 'a.npy', data: bytes(1, 2, 3), deflate: true },
      { name: 'b.npy', data: bytes(4), zip64: 'local' },
    ]);
    const intact = await decodeNpz(file);
    let unseen = 0;
    for (let bit = 0; bit < 8 * file.length; bit++) {
      const damaged = file.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      const outcome = await decodeNpz(damaged).catch(() => undefined);
      if (outcome === undefined) continue;
      expect(outcome, `bit ${bit}`).toEqual(intact);
      unseen++;
    }
    // Of each member: version, time and date before the data (6 bytes); versions, time, date and attributes in the directory (14); and what
    // fills the last byte of the deflate stream.
    expect(unseen).toBeLessThanOrEqual(8 * (2 * 20 + 1));
  });

  it('CRC-32 is that of zlib', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        expect(crc32(data)).toBe(zlibCrc32(data));
      }),
      { numRuns: 200, seed: 7 },
    );
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926); // the check value of the standard
  });
});
