import { describe, expect, it } from 'vitest';
import { createKey, foldIn, split } from '../../src/random/key.ts';
import { fillBits, fillUniforms } from '../../src/random/fill-bits.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';

// These must not change: a certificate or a log names only its key, and is checked again by drawing the same numbers.

const key = createKey(42);
const position = { key, start: 5, dimension: 5 };

/** The bits of float32 numbers. */
const bitsOf = (values: Float32Array): number[] => [...new Uint32Array(values.buffer)];

describe('must not change', () => {
  it('derived keys', () => {
    expect(foldIn(key, 0)).toEqual([0xeb65252f, 0xa4133389]);
    expect(foldIn(key, 1)).toEqual([0x25a61fcc, 0x201adaef]);
    expect(foldIn(key, Number.MAX_SAFE_INTEGER)).toEqual([0xf44a8e4c, 0x664ed1dc]);
    expect(split(key, 3)).toEqual([
      [0xbda28b29, 0x84d904a5],
      [0x395d468d, 0x1dea9257],
      [0xd9f18a7a, 0x7ce7f473],
    ]);
  });

  it('bits', () => {
    const out = new Uint32Array(10);
    fillBits(out, position);
    expect([...out.subarray(0, 5)]).toEqual([0xa4d91a96, 0x3122544e, 0x997e0266, 0x48ebcd9f, 0xdf4f11df]);
    expect([...out.subarray(5)]).toEqual([0xa506c508, 0xb6207291, 0x5290657f, 0x585a803a, 0x43e44385]);
  });

  it('uniforms, in units of 2^-24', () => {
    const out = new Float32Array(10);
    fillUniforms(out, position);
    expect([...out.subarray(0, 5)].map((u) => u * 2 ** 24)).toEqual([10803482, 3220052, 10059266, 4778957, 14634769]);
    expect([...out.subarray(5)].map((u) => u * 2 ** 24)).toEqual([10815173, 11935858, 5410917, 5790336, 4449347]);
  });

  it('normals', () => {
    const out = new Float32Array(10);
    fillNormals(out, position);
    // 0.33479, 0.87648, -0.21970, 0.98731, -0.49691 and -0.22487, -0.90971, -0.84662, 1.24356, 1.57709
    expect(bitsOf(out).slice(0, 5)).toEqual([0x3eab693e, 0x3f60613f, 0xbe60f959, 0x3f7cc088, 0xbefe6b64]);
    expect(bitsOf(out).slice(5)).toEqual([0xbe664350, 0xbf68e2fc, 0xbf58bc08, 0x3f9f2cfb, 0x3fc9de11]);
  });

  it('the polynomial hash (h = 31 h + bits, modulo 2^32) of 1000 samples of 1000 normals', () => {
    // A C program of the same law, compiled by gcc without contraction, gives the same number.
    const out = new Float32Array(1_000_000);
    fillNormals(out, { key, start: 0, dimension: 1000 });
    let hash = 0;
    for (const bits of bitsOf(out)) hash = (Math.imul(31, hash) + bits) >>> 0;
    expect(hash).toBe(3426963724);
  });
});
