import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, foldIn, split } from '../../src/random/key.ts';
import { fillBits, fillUniforms } from '../../src/random/fill-bits.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';
import type { Key } from '../../src/types.ts';
import { chiSquareScore, correlationScore, countScore, kolmogorovSmirnov, moment, normalCdf } from './statistics.ts';

// Fixed keys: these tests always give the same result. Had the keys been drawn at random, each score below, a standard normal number
// up to terms of order 1/√n, would leave (-5, 5) with probability 5.7e-7. With about 120 scores (64 of them for single bits) a correct
// generator fails anywhere in this file with probability below 1e-4.
const SCORE = 5;

const SAMPLES = 1024;
const DIMENSION = 784;
const key = createKey(20240501);

function normals(from: Key, samples: number, dimension: number, start = 0): Float32Array {
  const out = new Float32Array(samples * dimension);
  fillNormals(out, { key: from, start, dimension });
  return out;
}

function expectScore(score: number): void {
  expect(Math.abs(score)).toBeLessThan(SCORE);
}

describe('bits', () => {
  const words = new Uint32Array(SAMPLES * DIMENSION);
  beforeAll(() => fillBits(words, { key, start: 0, dimension: DIMENSION }));

  it('each of the 64 bits of a block is set half of the time', () => {
    const set = Array.from({ length: 64 }, () => 0);
    words.forEach((word, i) => {
      for (let bit = 0; bit < 32; bit++) set[(i % 2) * 32 + bit]! += (word >>> bit) & 1;
    });
    for (const count of set) expectScore(countScore(count, words.length / 2, 0.5));
  });

  it.each([0, 8, 16, 24])('bytes at bit %i are equally frequent (chi-square, 256 cells)', (shift) => {
    const counts = new Array<number>(256).fill(0);
    for (const word of words) counts[(word >>> shift) & 255]!++;
    expectScore(chiSquareScore(counts));
  });

  it.each([
    ['the words of a block', 1],
    ['neighbouring blocks', 2],
    ['neighbouring samples', DIMENSION],
  ])('top 4 bits of %s are independent (chi-square, 256 cells)', (_, distance) => {
    const counts = new Array<number>(256).fill(0);
    for (let i = 0; i + distance < words.length; i += 2)
      counts[(words[i]! >>> 28) * 16 + (words[i + distance]! >>> 28)]!++;
    expectScore(chiSquareScore(counts));
  });

  it('one changed bit of the sample index changes half of the bits', () => {
    const other = new Uint32Array(words.length);
    fillBits(other, { key, start: SAMPLES, dimension: DIMENSION });
    let changed = 0;
    words.forEach((word, i) => {
      for (let rest = word ^ other[i]!; rest !== 0; rest &= rest - 1) changed++;
    });
    expectScore(countScore(changed, 32 * words.length, 0.5));
  });
});

describe('uniforms', () => {
  const uniforms = new Float32Array(SAMPLES * DIMENSION);
  beforeAll(() => fillUniforms(uniforms, { key, start: 0, dimension: DIMENSION }));

  it('follow the uniform law (Kolmogorov-Smirnov at 2.7: false alarm 9.3e-7)', () => {
    expect(kolmogorovSmirnov(uniforms, (x) => x)).toBeLessThan(2.7);
  });

  it('have its mean and variance', () => {
    const centred = uniforms.map((u) => u - 0.5);
    expectScore(moment(centred, 1) * Math.sqrt(12 * centred.length));
    expectScore((moment(centred, 2) - 1 / 12) * Math.sqrt(180 * centred.length)); // Var (u - 1/2)² = 1/80 - 1/144 = 1/180
  });
});

describe('normals', () => {
  let values: Float32Array;
  beforeAll(() => {
    values = normals(key, SAMPLES, DIMENSION);
  });

  it('have the moments 0, 1, 0, 3', () => {
    const n = values.length;
    expectScore(moment(values, 1) * Math.sqrt(n));
    expectScore((moment(values, 2) - 1) * Math.sqrt(n / 2));
    expectScore(moment(values, 3) * Math.sqrt(n / 15));
    expectScore((moment(values, 4) - 3) * Math.sqrt(n / 96));
  });

  it.each([
    ['all', 0, 1],
    ['even coordinates (cosines)', 0, 2],
    ['odd coordinates (sines)', 1, 2],
  ])('follow the normal law: %s (Kolmogorov-Smirnov at 2.7: false alarm 9.3e-7)', (_, first, step) => {
    expect(
      kolmogorovSmirnov(
        values.filter((__, i) => i % step === first),
        normalCdf,
      ),
    ).toBeLessThan(2.7);
  });

  it('have the right tails beyond 3, 4 and 5 standard deviations, on both sides', () => {
    const counts = { '-5': 0, '-4': 0, '-3': 0, '3': 0, '4': 0, '5': 0 };
    const batch = new Float32Array(512 * DIMENSION);
    const batches = 10;
    for (let b = 0; b < batches; b++) {
      fillNormals(batch, { key: foldIn(key, 1), start: 512 * b, dimension: DIMENSION });
      for (const x of batch) {
        if (x > 3) counts[x > 5 ? '5' : x > 4 ? '4' : '3']++;
        else if (x < -3) counts[x < -5 ? '-5' : x < -4 ? '-4' : '-3']++;
      }
    }
    const n = batches * batch.length;
    const beyond = (a: number): number => normalCdf(-a);
    for (const sign of ['', '-'] as const) {
      expectScore(countScore(counts[`${sign}3`], n, beyond(3) - beyond(4)));
      expectScore(countScore(counts[`${sign}4`], n, beyond(4) - beyond(5)));
    }
    // Beyond 5: Poisson with mean 2.30 over both sides, above 12 with probability 1.0e-6, and 0 with probability 0.10.
    expect(counts['5'] + counts['-5']).toBeLessThanOrEqual(12);
  });

  it('are independent within a pair, between neighbours and between samples; so are their squares', () => {
    const squares = values.map((x) => (x * x - 1) / Math.SQRT2);
    for (const sequence of [values, squares]) {
      const even = sequence.filter((_, i) => i % 2 === 0);
      const odd = sequence.filter((_, i) => i % 2 === 1);
      expectScore(correlationScore(even, odd));
      for (const distance of [1, 2, 3, DIMENSION]) {
        expectScore(correlationScore(sequence.subarray(0, -distance), sequence.subarray(distance)));
      }
    }
  });

  it('have a direction uniform over the pair: the 2nd, 4th and 8th circular moments are 0', () => {
    const angles = Array.from({ length: values.length / 2 }, (_, p) => Math.atan2(values[2 * p + 1]!, values[2 * p]!));
    for (const turns of [2, 4, 8]) {
      for (const wave of [Math.cos, Math.sin]) {
        expectScore(
          moment(
            angles.map((angle) => wave(turns * angle)),
            1,
          ) * Math.sqrt(2 * angles.length),
        );
      }
    }
  });

  it('vary between samples as chi-square: the squared norms have mean d and variance 2d', () => {
    const norms = Array.from({ length: SAMPLES }, (_, s) => {
      const sum = DIMENSION * moment(values.subarray(s * DIMENSION, (s + 1) * DIMENSION), 2);
      return (sum - DIMENSION) / Math.sqrt(2 * DIMENSION);
    });
    expectScore(moment(norms, 1) * Math.sqrt(SAMPLES));
    expectScore((moment(norms, 2) - 1) * Math.sqrt(SAMPLES / (2 + 12 / DIMENSION))); // excess kurtosis of χ²_d: 12 / d
  });

  it('are independent between keys: parent, children of foldIn, children of split, neighbouring seeds', () => {
    const keys = [key, foldIn(key, 0), foldIn(key, 1), foldIn(key, 2 ** 32), ...split(key), createKey(20240502)];
    const draws = keys.map((k) => normals(k, 128, DIMENSION));
    for (let a = 0; a < draws.length; a++) {
      for (let b = 0; b < a; b++) expectScore(correlationScore(draws[a]!, draws[b]!));
    }
  });

  it('at one coordinate over 20 000 folded keys follow the normal law (false alarm 9.3e-7)', () => {
    const first = Float32Array.from({ length: 20_000 }, (_, i) => normals(foldIn(key, i), 1, 2)[0]!);
    expect(kolmogorovSmirnov(first, normalCdf)).toBeLessThan(2.7);
    expectScore(correlationScore(first.subarray(1), first.subarray(0, -1)));
  });
});
