import { describe, expect, it } from 'vitest';
import { createKey } from '../../src/random/key.ts';
import { fillBits, fillPlainBits } from '../../src/random/fill-bits.ts';
import { fillNormals, fillPlainNormals } from '../../src/random/fill-normals.ts';
import { simdDraws } from '../../src/random/simd/draws.ts';

// No backend is involved: this holds every engine that runs the contracts to the same bits.
describe('draws with SIMD', () => {
  it('are at work in this engine', () => {
    expect(simdDraws(1000)).toBeDefined();
  });

  it.each([1, 6, 785, 3072])('are those of the plain loops, dimension %d', (dimension) => {
    const length = dimension * Math.ceil(10_000 / dimension);
    const position = { key: createKey(11n << 40n), start: 77, dimension };
    const [words, plainWords] = [new Uint32Array(length), new Int32Array(length)];
    fillBits(words, position);
    fillPlainBits(plainWords, position);
    expect(words.every((word, at) => word === plainWords[at]! >>> 0)).toBe(true);
    const [normals, plainNormals] = [new Float32Array(length), new Float32Array(length)];
    fillNormals(normals, { ...position, scale: 0.5 });
    fillPlainNormals(plainNormals, position, 0.5);
    expect(normals.every((value, at) => Object.is(value, plainNormals[at]))).toBe(true);
  });
});
