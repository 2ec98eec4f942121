import { describe, expect, it } from 'vitest';
import {
  fillLatticeNormals,
  type LatticeNormalTable,
  latticeNormalTable,
  tableOfThresholds,
} from '../../src/noise/lattice-normals.ts';
import { createKey } from '../../src/random/key.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { threefry2x32 } from '../../src/random/threefry.ts';
import type { Key } from '../../src/types.ts';

const key = createKey(42);

interface Draws {
  readonly numbers: number[];
  readonly failures: number[];
}

function draw(table: LatticeNormalTable, dimension: number, start: number, count: number, from = key): Draws {
  const out = new Float32Array(count * dimension);
  const failures: number[] = [];
  fillLatticeNormals('test', out, table, { key: from, start, dimension }, (sample) => failures.push(sample));
  return { numbers: Array.from(out), failures };
}

/** The 64 bits of coordinate j of sample s, as the documentation says. */
function wordOf(from: Key, s: number, j: number): bigint {
  const [high, low] = [threefry2x32(from, j >> 1, s), threefry2x32(from, j >> 1, 3 * 2 ** 30 + s)];
  return (BigInt(high[j % 2]!) << 32n) + BigInt(low[j % 2]!);
}

/** The slow twin: counts the thresholds that the word has reached, one by one. */
function twin(thresholds: readonly bigint[], dimension: number, start: number, count: number): Draws {
  const numbers: number[] = [];
  const failures: number[] = [];
  for (let s = start; s < start + count; s++) {
    let failed = false;
    for (let j = 0; j < dimension; j++) {
      const word = wordOf(key, s, j);
      const bin = thresholds.filter((threshold) => threshold <= word).length;
      failed ||= bin === thresholds.length;
      numbers.push(bin === thresholds.length ? 0 : bin - (thresholds.length - 1) / 2);
    }
    if (failed) failures.push(s);
  }
  return { numbers, failures };
}

const ascending = (list: readonly bigint[]): bigint[] => [...list].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** Thresholds at the drawn words themselves, one unit beside them, and everywhere else where the guide could go wrong. */
function hardThresholds(dimension: number, samples: number): bigint[] {
  const words = Array.from({ length: dimension * samples }, (_, i) =>
    wordOf(key, Math.floor(i / dimension), i % dimension),
  );
  const nearWords = words.flatMap((word, i) => (i % 3 === 0 ? [word - 1n, word, word + 1n] : [word + BigInt(i % 2)]));
  const sameHigh = words.slice(0, 5).flatMap((word) => [(word >> 32n) << 32n, word | 0xffffffffn]);
  const borders = Array.from({ length: 64 }, (_, c) => BigInt(c * 257) << 50n).flatMap((at) => [at, at + 1n]);
  const all = ascending([...nearWords, ...sameHigh, ...borders, 0n, 0n, (1n << 64n) - 2n]);
  return all.length % 2 === 1 ? all : [0n, ...all];
}

describe('lattice normals', () => {
  it.each([
    [6, 40],
    [5, 40],
    [1, 200],
  ])('are the thresholds reached by 64 bits, ties included (dimension %d, %d samples)', (dimension, samples) => {
    const thresholds = hardThresholds(dimension, samples);
    expect(draw(tableOfThresholds(thresholds), dimension, 0, samples)).toEqual(twin(thresholds, dimension, 0, samples));
  });

  it('are those of the twin for the real table', () => {
    const table = latticeNormalTable(0.5, 1020);
    const thresholds = Array.from(table.high, (high, i) => (BigInt(high) << 32n) + BigInt(table.low[i]!));
    expect(draw(table, 7, 1000, 60)).toEqual(twin(thresholds, 7, 1000, 60));
  });

  it('reports each failed sample once, sets its failed coordinates to 0 and leaves the others', () => {
    // Words above 7/8 of the range fail: the top of [0, 2^64) is the failure slot.
    const thresholds = [1n, 4n, 7n].map((eighths) => eighths << 61n);
    const drawn = draw(tableOfThresholds(thresholds), 4, 3, 50);
    expect(drawn).toEqual(twin(thresholds, 4, 3, 50));
    expect(drawn.failures.length).toBeGreaterThan(0);
    expect(drawn.failures.length).toBeLessThan(50);
    expect(new Set(drawn.failures).size).toBe(drawn.failures.length);
  });

  it('depend on key, sample and coordinate alone', () => {
    const table = latticeNormalTable(0.25, 510);
    const whole = draw(table, 5, 0, 9).numbers;
    expect([...draw(table, 5, 0, 4).numbers, ...draw(table, 5, 4, 5).numbers]).toEqual(whole);
    expect(draw(table, 3, 2, 1).numbers).toEqual(whole.slice(10, 13));
    expect(draw(table, 5, 0, 9, createKey(43)).numbers).not.toEqual(whole);
  });

  it('take their high word from fillBits', () => {
    // With thresholds at multiples of 2^56, the number is the top byte.
    const thresholds = Array.from({ length: 255 }, (_, i) => BigInt(i + 1) << 56n);
    const words = new Uint32Array(300);
    fillBits(words, { key, start: 8, dimension: 30 });
    const { numbers } = draw(tableOfThresholds(thresholds), 30, 8, 10);
    expect(numbers).toEqual(Array.from(words, (word) => (word >>> 24 === 255 ? 0 : (word >>> 24) - 127)));
  });
});
