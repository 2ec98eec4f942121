import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIdx } from '../../src/data/idx.ts';
import type { IdxArray } from '../../src/data/arrays.ts';
import { DataError } from '../../src/errors.ts';
import { encodeIdx, gzip } from './idx-encoder.ts';

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

/** An IDX array of any element type, with values from the type's whole range (bytes reinterpreted, NaN and -0 included). */
const idxArrays: fc.Arbitrary<IdxArray> = shapes.chain((shape) => {
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = (width: number): fc.Arbitrary<ArrayBuffer> =>
    fc.uint8Array({ minLength: count * width, maxLength: count * width }).map((raw) => new Uint8Array(raw).buffer);
  return fc.oneof(
    bytes(1).map((raw): IdxArray => ({ dtype: 'uint8', shape, data: new Uint8Array(raw) })),
    bytes(1).map((raw): IdxArray => ({ dtype: 'int8', shape, data: new Int8Array(raw) })),
    bytes(2).map((raw): IdxArray => ({ dtype: 'int16', shape, data: new Int16Array(raw) })),
    bytes(4).map((raw): IdxArray => ({ dtype: 'int32', shape, data: new Int32Array(raw) })),
    bytes(4).map((raw): IdxArray => ({ dtype: 'float32', shape, data: new Float32Array(raw) })),
    bytes(8).map((raw): IdxArray => ({ dtype: 'float64', shape, data: new Float64Array(raw) })),
  );
});

describe('decodeIdx: laws', () => {
  it('decoding an encoded array gives it back, plain and packed', async () => {
    await fc.assert(
      fc.asyncProperty(idxArrays, fc.boolean(), async (array, packed) => {
        const file = encodeIdx(array);
        expect(await decodeIdx(packed ? gzip(file) : file)).toEqual(array);
      }),
      { numRuns: 200 },
    );
  });

  it('a damaged file is decoded or gives a DataError, never another error', async () => {
    const damages = fc.array(fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(idxArrays, fc.boolean(), damages, fc.nat(), async (array, packed, changes, cut) => {
        const encoded = encodeIdx(array);
        const file = packed ? gzip(encoded) : encoded;
        for (const { at, to } of changes) file[at % file.length] = to;
        await expectDecodedOrDataError(cut % 3 === 0 ? file.slice(0, cut % file.length) : file);
      }),
      { numRuns: 300 },
    );
  });

  it('any bytes are decoded or give a DataError', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), expectDecodedOrDataError), { numRuns: 200 });
  });
});

async function expectDecodedOrDataError(file: Uint8Array): Promise<void> {
  const result = await decodeIdx(file, { maxBytes: 2 ** 20 }).catch((error: unknown) => error);
  if (result instanceof Error) expect(result).toBeInstanceOf(DataError);
  else expect(result).toHaveProperty('shape');
}
