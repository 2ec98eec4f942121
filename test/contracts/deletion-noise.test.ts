import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const key = createKey(21);
const LENGTH = 37;
const PAD = 300;
const noise = new DeletionNoise({ length: LENGTH, deletion: 0.8, padId: PAD });
const sequences: readonly (readonly number[])[] = [
  [],
  [5],
  [1, 1, 2, 1, 0, 2 ** 24],
  Array.from({ length: LENGTH - 1 }, (_, i) => i),
  Array.from({ length: LENGTH }, (_, i) => 299 - i),
];

/** The copies by their definition. */
function slow(tokens: readonly number[], start: number, count: number): number[] {
  const words = new Uint32Array(count * LENGTH);
  fillBits(words, { key, start, dimension: LENGTH });
  return Array.from({ length: count }, (_, copy) => {
    const kept = tokens.filter((_, at) => words[copy * LENGTH + at]! / 2 ** 32 >= Math.round(0.8 * 2 ** 32) / 2 ** 32);
    return [...kept, ...new Array<number>(LENGTH - kept.length).fill(PAD)];
  }).flat();
}

function filled(x: Float32Array, start: number, count: number): number[] {
  const out = new Float32Array(count * LENGTH).fill(-1);
  noise.fillCopies?.(out, x, { key, start, dimension: LENGTH });
  return Array.from(out);
}

describeBackends('deletion noise', () => {
  const perturbed = async (values: Float32Array, start: number, count: number): Promise<number[]> => {
    const x = tf.tensor1d(values);
    const copies = noise.perturb(x, { key, start, count });
    expect(copies.shape).toEqual([count, LENGTH]);
    expect(copies.dtype).toBe('float32');
    const got = Array.from(await copies.data());
    expect(x.isDisposed).toBe(false);
    tf.dispose([x, copies]);
    return got;
  };

  it.each(sequences)('keeps the tokens whose words are not below T, in their order (%#)', async (...tokens) => {
    const x = noise.pad(tokens);
    const expected = slow(tokens, 4, 300);
    expect(await perturbed(x, 4, 300)).toEqual(expected);
    expect(filled(x, 4, 300)).toEqual(expected);
  });

  it('says which tokens copies keep', async () => {
    const tokens = sequences[4]!;
    const kept = noise.keptTokens({ key, start: 4, count: 20 });
    const rows = Array.from({ length: 20 }, (_, copy) => tokens.filter((_, at) => kept[copy * LENGTH + at] === 1));
    expect(rows.flatMap((row) => Array.from(noise.pad(row)))).toEqual(await perturbed(noise.pad(tokens), 4, 20));
  });

  it('makes copy i from the key and i alone, however the copies are batched', async () => {
    const x = noise.pad(sequences[3]!);
    const whole = await perturbed(x, 2, 9);
    expect([...(await perturbed(x, 2, 4)), ...(await perturbed(x, 6, 5))]).toEqual(whole);
    expect([...filled(x, 2, 1), ...filled(x, 3, 8)]).toEqual(whole);
  });

  it('shows nothing of the values that it leaves out: not a sign of zero, NaN or infinity', async () => {
    // Every other token is one of these; where a copy has left all of them out, it is the copy of the rest, bit by bit.
    for (const wild of [NaN, Infinity, -Infinity, -0, 1e-45]) {
      const [tame, other] = [noise.pad(sequences[4]!), noise.pad(sequences[4]!)];
      other[3] = other[20] = wild;
      const words = new Uint32Array(50 * LENGTH);
      fillBits(words, { key, start: 0, dimension: LENGTH });
      const below = 0.8 * 2 ** 32;
      const isHidden = (copy: number): boolean => [3, 20].every((at) => words[copy * LENGTH + at]! < below);
      for (const make of [perturbed, async (...from: Parameters<typeof filled>) => filled(...from)]) {
        const [ofTame, ofOther] = [await make(tame, 0, 50), await make(other, 0, 50)];
        let hidden = 0;
        for (let copy = 0; copy < 50; copy++) {
          const [a, b] = [ofTame, ofOther].map((all) => all.slice(copy * LENGTH, (copy + 1) * LENGTH));
          const isSame = a!.every((value, at) => Object.is(value, b![at]));
          expect(isSame).toBe(isHidden(copy));
          hidden += Number(isHidden(copy));
        }
        expect(hidden).toBeGreaterThan(20);
      }
    }
  });

  it('takes ids of another dtype, and leaks no tensor', () =>
    expectNoLeak(async () => {
      const x = tf.tensor1d(Array.from(noise.pad([1, 2, 3])), 'int32');
      const copies = noise.perturb(x, { key, start: 0, count: 5 });
      expect(Array.from(await copies.data())).toEqual(slow([1, 2, 3], 0, 5));
      tf.dispose([x, copies]);
    }));
});
