import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { fillSubsets, type SubsetPosition, takeSubset } from '../../src/random/fill-subsets.ts';
import { createKey } from '../../src/random/key.ts';
import { goldenFamily } from '../noise/golden-family.ts';
import { chiSquareScore } from './statistics.ts';

const key = createKey(20261201);

interface GoldenSubset {
  readonly positions: number;
  readonly keep: number;
  readonly words: readonly (readonly [high: number, low: number])[];
  readonly kept: readonly number[];
}
const { subsets: golden } = goldenFamily<{ readonly subsets: readonly GoldenSubset[] }>('discrete-l0');

const ascending = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);

/** The definition, in integers: a list of which the front is shuffled. */
function slowSubset(words: ArrayLike<number>, positions: number): number[] {
  const places = Array.from({ length: positions }, (_, i) => i);
  const keep = words.length / 2;
  for (let i = 0; i < keep; i++) {
    const word = BigInt(words[2 * i]!) * 2n ** 32n + BigInt(words[2 * i + 1]!);
    const j = i + Number((word * BigInt(positions - i)) >> 64n);
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  return places.slice(0, keep);
}

function subsets(position: SubsetPosition, samples: number): Uint32Array {
  const out = new Uint32Array(samples * position.keep);
  fillSubsets(out, position);
  return out;
}

describe('random subsets', () => {
  it.each(golden)('are the golden ones: $keep of $positions', ({ positions, keep, words, kept }) => {
    const places = Uint32Array.from({ length: positions }, (_, i) => i);
    const out = new Uint32Array(keep + 2);
    takeSubset(out, 1, Uint32Array.from([0, 0, ...words.flat()]), 2, places, keep);
    expect(ascending(out.subarray(1, keep + 1))).toEqual(kept);
    expect([out[0], out[keep + 1]]).toEqual([0, 0]);
    expect(Array.from(places)).toEqual(Array.from({ length: positions }, (_, i) => i));
  });

  it.each([
    [5, 5],
    [6, 2],
    [784, 45],
    [9000, 4500],
    [2 ** 21, 3],
  ])('are a shuffled front, step by step in integers: of %i positions %i', (positions, keep) => {
    const samples = 4;
    const out = subsets({ key, start: 7, positions, keep }, samples);
    const words = new Uint32Array(2 * keep * samples);
    fillBits(words, { key, start: 7, dimension: 2 * keep });
    for (let s = 0; s < samples; s++) {
      const expected = slowSubset(words.subarray(2 * keep * s, 2 * keep * (s + 1)), positions);
      expect(Array.from(out.subarray(keep * s, keep * (s + 1)))).toEqual(expected);
      expect(new Set(expected).size).toBe(keep);
    }
  });

  it('reach the last of 2^21 positions with the largest words, and the first with 0', () => {
    for (const [word, expected] of [
      [2 ** 32 - 1, 2 ** 21 - 1],
      [0, 0],
    ] as const) {
      const places = Uint32Array.from({ length: 2 ** 21 }, (_, i) => i);
      const out = new Uint32Array(1);
      takeSubset(out, 0, Uint32Array.of(word, word), 0, places, 1);
      expect(out[0]).toBe(expected);
    }
  });

  it('depend on (key, sample) alone, however many are drawn at once', () => {
    const position = { key, start: 3, positions: 50, keep: 20 };
    const whole = subsets(position, 1000); // more than are drawn at a time
    for (const size of [1, 7, 205, 1000]) {
      for (let begin = 0; begin < 1000; begin += size) {
        const count = Math.min(size, 1000 - begin);
        const part = subsets({ ...position, start: 3 + begin }, count);
        expect(part).toEqual(whole.subarray(begin * 20, (begin + count) * 20));
      }
    }
    expect(subsets({ ...position, key: createKey(1) }, 1000)).not.toEqual(whole);
  });

  // Fixed key: always the same result. Had the key been drawn at random, each score, about a standard normal number, were beyond 5 with
  // probability 5.7e-7, so that a correct sampler fails one of the two tests with probability below 1.2e-6.
  it('are uniform: 100 000 of 2 of 6', () => {
    const counts = new Map<string, number>();
    const drawn = subsets({ key, start: 0, positions: 6, keep: 2 }, 100_000);
    for (let at = 0; at < drawn.length; at += 2) {
      const name = ascending(drawn.subarray(at, at + 2)).join();
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect(counts.size).toBe(15);
    expect(Math.abs(chiSquareScore([...counts.values()]))).toBeLessThan(5);
  });

  it('hold every position equally often: 20 000 of 45 of 784', () => {
    const counts = new Float64Array(784);
    for (const position of subsets({ key, start: 200_000, positions: 784, keep: 45 }, 20_000)) counts[position]!++;
    // Without replacement the counts vary by 739/783 of what independent ones would.
    const chi = counts.map((count) => count / Math.sqrt(739 / 783));
    expect(Math.abs(chiSquareScore(chi))).toBeLessThan(5);
  });

  it.each([
    [{ positions: 2 }, '`positions` must be an integer from 3 to 2097152 (2^21), got 2'],
    [{ positions: 2 ** 21 + 1 }, '`positions` must be an integer from 3 to 2097152 (2^21), got 2097153'],
    [{ positions: NaN }, '`positions` must be an integer from 3 to 2097152 (2^21), got NaN'],
    [{ keep: 4 }, '`out.length` must be a multiple of 4, whole samples, got 6'],
  ])('refuse %o', (change, text) => {
    const act = (): void => fillSubsets(new Uint32Array(6), { key, start: 0, positions: 9, keep: 3, ...change });
    expect(act).toThrow(OptionError);
    expect(act).toThrow(`fillSubsets: ${text}`);
  });
});
