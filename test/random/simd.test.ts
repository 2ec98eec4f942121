import { afterEach, describe, expect, it, vi } from 'vitest';
import { createKey } from '../../src/random/key.ts';
import { fillBits, fillPlainBits, fillPlainUniforms, fillUniforms } from '../../src/random/fill-bits.ts';
import { addToRows, fillNormals, fillNormalSums, fillPlainNormals } from '../../src/random/fill-normals.ts';
import { normalPair } from '../../src/random/normal-pair.ts';
import { BLOCKS_AT_A_TIME, createSimdDraws, simdDraws } from '../../src/random/simd/draws.ts';
import { BITS_MODULE } from '../../src/random/simd/compiled/bits.ts';
import { NORMALS_MODULE } from '../../src/random/simd/compiled/normals.ts';

/** The bits of the numbers, so that −0 differs from 0. */
const bitsOf = (numbers: Float32Array): Uint32Array => new Uint32Array(numbers.buffer, 0, numbers.length);

/** Where two arrays first differ, or -1: quicker and shorter than a diff of 100 000 numbers. */
const firstDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? Array.prototype.findIndex.call(a, (value, at) => value !== b[at]) : 0;

const POSITIONS = [
  { dimension: 1, start: 0, count: 5000 },
  { dimension: 2, start: 2 ** 30 - 2100, count: 2100 },
  { dimension: 3, start: 5, count: 1400 },
  { dimension: 5, start: 1, count: 900 },
  { dimension: 6, start: 1, count: 900 },
  { dimension: 7, start: 1_000_000, count: 800 },
  { dimension: 17, start: 0, count: 1 },
  { dimension: 784, start: 123_456, count: 13 },
  { dimension: 785, start: 2 ** 30 - 13, count: 13 },
  { dimension: 3072, start: 0, count: 7 },
  { dimension: 31, start: 3, count: 300 },
  { dimension: 32, start: 3, count: 300 },
  { dimension: 4096, start: 0, count: 3 },
  { dimension: 9184, start: 0, count: 3 },
  { dimension: 9185, start: 0, count: 3 },
  { dimension: 9186, start: 0, count: 3 },
  { dimension: 100_001, start: 9, count: 2 },
];
const KEYS = [createKey(0), createKey(2n ** 64n - 1n), createKey(0x1234567_89abcdefn)];
const draws = KEYS.flatMap((key) => POSITIONS.map((position) => ({ key, ...position })));

describe('the fills with SIMD equal the plain ones, bit for bit', () => {
  it('and are what the public fills use here', () => {
    expect(simdDraws(1000)).toBeDefined();
    expect(simdDraws(8)).toBeUndefined();
  });

  it.each(draws)('key $key, dimension $dimension, start $start, $count samples', (position) => {
    const length = position.dimension * position.count;
    const [words, plainWords] = [new Uint32Array(length), new Int32Array(length)];
    fillBits(words, position);
    fillPlainBits(plainWords, position);
    expect(firstDifference(words, new Uint32Array(plainWords.buffer))).toBe(-1);

    const [numbers, plain] = [new Float32Array(length), new Float32Array(length)];
    fillUniforms(numbers, position);
    fillPlainUniforms(plain, position);
    expect(firstDifference(bitsOf(numbers), bitsOf(plain))).toBe(-1);

    for (const scale of [1, 0, 0.3, 2 ** -140, 3e38].map(Math.fround)) {
      fillNormals(numbers, { ...position, scale });
      fillPlainNormals(plain, position, scale);
      expect(firstDifference(bitsOf(numbers), bitsOf(plain))).toBe(-1);

      const example = Float32Array.from({ length: position.dimension }, (_, j) => Math.sin(j));
      fillNormalSums(numbers, example, { ...position, scale });
      addToRows(plain, example);
      expect(firstDifference(bitsOf(numbers), bitsOf(plain))).toBe(-1);
    }
  });

  it('refuse an example of another dimension', () => {
    const position = { key: createKey(1), start: 0, dimension: 250 };
    for (const length of [249, 251]) {
      const fill = (): void => fillNormalSums(new Float32Array(500), new Float32Array(length), position);
      expect(fill).toThrow(`fillNormalSums: \`example.length\` must be the dimension, 250, got ${length}`);
    }
  });

  it('writes only its part of a shared buffer', () => {
    const whole = new Float32Array(1002).fill(9);
    const alone = new Float32Array(1000);
    fillNormals(whole.subarray(1, 1001), { key: createKey(1), start: 0, dimension: 250 });
    fillNormals(alone, { key: createKey(1), start: 0, dimension: 250 });
    expect([...whole]).toEqual([9, ...alone, 9]);
  });
});

it('the pair function with SIMD equals `normalPair` on extreme words', () => {
  const { loops } = createSimdDraws()!;
  const powers = Array.from({ length: 32 }, (_, bit) => 2 ** bit);
  const near = [0, ...powers, 2 ** 29 + 2 ** 30, 2 ** 32 - 2 ** 29].flatMap((word) =>
    [-258, -257, -129, -128, -3, -2, -1, 0, 1, 2, 3, 127, 128, 129, 255, 257].map((step) => (word + step) | 0),
  );
  const words = [...near, ...near.map((word) => ~word)];
  const memory = new Int32Array(loops.memory.buffer);
  const numbers = new Float32Array(loops.memory.buffer);
  const different: number[][] = [];
  for (let shift = 0; shift < words.length; shift += 7) {
    const blocks = words.map((word, at) => [word, words[(at + shift) % words.length]!] as const);
    for (let begin = 0; begin < blocks.length; begin += BLOCKS_AT_A_TIME) {
      const part = blocks.slice(begin, begin + BLOCKS_AT_A_TIME);
      part.forEach((block, at) => block.forEach((word, i) => (memory[8 * (at >> 2) + 4 * i + (at & 3)] = word)));
      loops.normals(part.length, 1, 0, 0, 0);
      part.forEach((block, at) => {
        const [even, odd] = normalPair(...block);
        if (!Object.is(numbers[2 * at], even) || !Object.is(numbers[2 * at + 1], odd)) different.push([...block]);
      });
    }
  }
  expect(different).toEqual([]);
});

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it.each([
    ['is missing', undefined],
    [
      'may not be compiled',
      {
        get Module(): never {
          throw new Error('forbidden by the content security policy');
        },
      },
    ],
  ])('the fills give the same bits where it %s', async (_, hidden) => {
    const position = { key: createKey(3), start: 4, dimension: 99 };
    const [words, numbers, uniforms] = [new Uint32Array(990), new Float32Array(990), new Float32Array(990)];
    fillBits(words, position);
    fillNormals(numbers, position);
    fillUniforms(uniforms, position);

    vi.stubGlobal('WebAssembly', hidden);
    vi.resetModules();
    const simd = await import('../../src/random/simd/draws.ts');
    expect(simd.simdDraws(990)).toBeUndefined();
    const plain = { words: new Uint32Array(990), numbers: new Float32Array(990), uniforms: new Float32Array(990) };
    (await import('../../src/random/fill-bits.ts')).fillBits(plain.words, position);
    (await import('../../src/random/fill-normals.ts')).fillNormals(plain.numbers, position);
    (await import('../../src/random/fill-bits.ts')).fillUniforms(plain.uniforms, position);
    expect(plain).toEqual({ words, numbers, uniforms });
  });
});

describe('the compiled modules', () => {
  it('are below 4 KB, so that a page may compile them in place, and their memory cannot grow', () => {
    for (const module of [BITS_MODULE, NORMALS_MODULE]) expect(atob(module).length).toBeLessThan(4096);
    const { memory } = createSimdDraws()!.loops;
    expect(memory.buffer.byteLength).toBe(65_536);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });
});
