import { describe, expect, it } from 'vitest';
import { createKey } from '../../src/random/key.ts';
import { fillBits, fillUniforms } from '../../src/random/fill-bits.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';
import { slowDraws, slowNormalPair } from './twins.ts';

const CASES = [
  { dimension: 1, start: 0, count: 50 },
  { dimension: 2, start: 7, count: 20 },
  { dimension: 7, start: 2 ** 30 - 9, count: 9 },
  { dimension: 784, start: 123456, count: 3 },
];
const KEYS = [createKey(0), createKey(2n ** 64n - 1n), createKey(0x1234567_89abcdefn)];
const cases = KEYS.flatMap((key) => CASES.map((position) => ({ key, ...position })));

describe('fills are equal to their slow twins, bit for bit', () => {
  it.each(cases)('bits, key $key, dimension $dimension', (draws) => {
    const out = new Uint32Array(draws.dimension * draws.count);
    fillBits(out, draws);
    expect([...out]).toEqual(slowDraws(draws, (block, odd) => block[odd]));
  });

  it.each(cases)('uniforms, key $key, dimension $dimension', (draws) => {
    const out = new Float32Array(draws.dimension * draws.count);
    fillUniforms(out, draws);
    expect([...out]).toEqual(slowDraws(draws, (block, odd) => Math.floor(block[odd] / 256) / 2 ** 24));
  });

  it.each(cases)('normals, key $key, dimension $dimension', (draws) => {
    const scale = 0.3;
    const out = new Float32Array(draws.dimension * draws.count);
    fillNormals(out, { ...draws, scale });
    expect([...out]).toEqual(
      slowDraws(draws, (block, odd) => Math.fround(slowNormalPair(...block)[odd] * Math.fround(scale))),
    );
  });

  it('normals of 2e5 blocks', () => {
    const draws = { key: createKey(8), start: 0, dimension: 4000, count: 100 };
    const out = new Float32Array(draws.dimension * draws.count);
    fillNormals(out, draws);
    const slow = slowDraws(draws, (block, odd) => slowNormalPair(...block)[odd]);
    expect(slow.findIndex((value, at) => !Object.is(value, out[at]))).toBe(-1);
  });
});

describe('fills', () => {
  it('write only their part of a shared buffer', () => {
    const whole = new Float32Array(8).fill(9);
    const alone = new Float32Array(4);
    fillNormals(whole.subarray(2, 6), { key: createKey(1), start: 0, dimension: 4 });
    fillNormals(alone, { key: createKey(1), start: 0, dimension: 4 });
    expect([...whole]).toEqual([9, 9, ...alone, 9, 9]);
  });

  it('accept an empty array', () => {
    expect(() => fillNormals(new Float32Array(0), { key: createKey(1), start: 2 ** 30, dimension: 4 })).not.toThrow();
  });

  it('normals scale in float32 as the last step, and scale 0 gives zeros', () => {
    const position = { key: createKey(1), start: 0, dimension: 100 };
    const [unit, scaled, zero] = [new Float32Array(100), new Float32Array(100), new Float32Array(100)];
    fillNormals(unit, position);
    fillNormals(scaled, { ...position, scale: 0.7 });
    fillNormals(zero, { ...position, scale: 0 });
    expect(scaled).toEqual(unit.map((value) => value * Math.fround(0.7)));
    expect(zero.every((value) => value === 0)).toBe(true);
  });
});
