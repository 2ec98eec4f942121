import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { splitFeatures, SplittingNoise } from '../../src/noise/splitting-noise.ts';
import { uniformRadius } from '../../src/noise/uniform-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { useBackend } from '../helpers/backends.ts';

beforeAll(() => useBackend('cpu'));

/** Features of one float32 example for given words. */
async function featuresOf(x: readonly number[], words: Uint32Array, width: number): Promise<Float32Array> {
  const image = tf.tensor1d([...x]);
  const features = splitFeatures(image, words, width);
  const values = (await features.data()) as Float32Array;
  tf.dispose([image, features]);
  return values;
}

/** 1024 words, evenly spread. */
const spread = Uint32Array.from({ length: 1024 }, (_, i) => i * 2 ** 22 + 2 ** 21);
const widths = [1 / 256, 0.1, 0.3, 0.7, 0.999, 1, 1.2, 7];

describe('the feature of splitting noise', () => {
  it.each(widths)('is the formula of the paper, width %f', async (width) => {
    for (const x of [0, 0.001, 0.2, 1 / 3, 0.5, 0.77, 1]) {
      const value = Math.fround(x);
      const features = await featuresOf([value], spread, width);
      const errors = Array.from(spread, (word, i) => {
        const s = ((word + 0.5) / 2 ** 32) * width;
        const u = Math.ceil((value - s) / width) * width + s;
        const expected =
          width >= 1 ? (Number(value > s) + Math.min(s, 1)) / 2 : (Math.min(u, 1) + Math.max(u - width, 0)) / 2;
        return Math.abs(features[i]! - expected);
      });
      expect(Math.max(...errors)).toBeLessThan(2e-7);
    }
  });

  it('is in [0, 1] and within half a part of the coordinate', async () => {
    for (const width of widths) {
      for (const x of [0, 0.25, 1]) {
        const features = await featuresOf([x], spread, width);
        expect(Math.min(...features)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...features)).toBeLessThanOrEqual(1);
        const moved = Math.max(...features.map((feature) => Math.abs(feature - x)));
        expect(moved).toBeLessThanOrEqual(Math.min(width, 1) / 2 + 1e-7);
      }
    }
  });

  it('differs between two values with probability min(1, distance / width), up to one point of the grid', async () => {
    for (const width of widths) {
      for (const [a, b] of [
        [0, 1],
        [0.2, 0.25],
        [0.2, 0.9],
        [0.5, 0.5 + 2 ** -20],
        [0.7, 0.7 + width],
      ] as const) {
        if (b > 1) continue;
        const [from, to] = [Math.fround(a), Math.fround(b)];
        const [here, there] = [await featuresOf([from], spread, width), await featuresOf([to], spread, width)];
        const share = here.filter((feature, i) => feature !== there[i]).length / spread.length;
        expect(Math.abs(share - Math.min(1, (to - from) / width))).toBeLessThanOrEqual(1.001 / spread.length);
      }
    }
  });

  it('compares exactly: the word whose split is the first not below a float32 number decides, and no other', async () => {
    for (const width of [0.3, 1, 1.2]) {
      for (const value of [0.2, 0.29, 0.1, 1e-3].map(Math.fround)) {
        // The largest word with width (word + 1/2) / 2³² < value, in exact arithmetic.
        const [w, v] = [exact(width), exact(value)];
        const below = Number((v * 2n ** 33n - w) / (2n * w) - ((v * 2n ** 33n - w) % (2n * w) === 0n ? 1n : 0n));
        const near = Uint32Array.from({ length: 2001 }, (_, i) => below - 1000 + i);
        const copies = await featuresOf([value], near, width);
        const split = copies.map((feature, i) =>
          Number(feature > Math.min(((near[i]! + 0.5) / 2 ** 32) * width, 1) * 0.75),
        );
        expect(Array.from(split)).toEqual(Array.from({ length: 2001 }, (_, i) => (i <= 1000 ? 1 : 0)));
      }
    }
  });
});

/** A double times 2^1074 as an integer. */
function exact(x: number): bigint {
  let shift = 0;
  while (!Number.isInteger(x)) {
    x *= 2;
    shift++;
  }
  return BigInt(x) * 2n ** BigInt(1074 - shift);
}

describe('SplittingNoise', () => {
  const key = createKey(11);

  it('makes copies from the words at (key, sample, coordinate)', async () => {
    const x = tf.tensor2d([0, 0.2, 0.4, 0.6, 0.8, 1], [2, 3]);
    const noise = new SplittingNoise({ halfWidth: 0.2 });
    const copies = noise.perturb(x, { key, start: 3, count: 5 });
    const words = new Uint32Array(30);
    fillBits(words, { key, start: 3, dimension: 6 });
    const expected = splitFeatures(x, words, 0.4);
    expect(copies.shape).toEqual([5, 2, 3]);
    expect(await copies.data()).toEqual(await expected.data());
    tf.dispose([x, copies, expected]);
  });

  it('has the radii of uniform noise, less d / 2^32 of p', () => {
    const noise = new SplittingNoise({ halfWidth: 0.3 });
    for (const norm of ['l1', 'linf', 'l2'] as const) {
      for (const dimension of [1, 784, 150_528]) {
        for (const p of [0.6, 0.9, 0.9999]) {
          const radius = noise.radius({ p, q: 1 - p }, { norm, dimension });
          const loss = dimension / 2 ** 32;
          expect(radius).toBeLessThanOrEqual(uniformRadius({ p: p - loss, q: 1 - p + loss }, 0.3, { norm, dimension }));
          expect(radius).toBeGreaterThan(
            uniformRadius({ p: p - 1.001 * loss, q: 1 - p + 1.001 * loss }, 0.3, { norm, dimension }) * (1 - 1e-11),
          );
        }
      }
    }
  });

  it('certifies nothing where the grid eats up what p has above 1/2', () => {
    const noise = new SplittingNoise({ halfWidth: 0.3 });
    const p = 0.5 + 2 ** -16;
    expect(noise.radius({ p, q: 1 - p }, { norm: 'l1', dimension: 2 ** 17 })).toBe(0);
    expect(noise.radius({ p, q: 1 - p }, { norm: 'l1', dimension: 2 ** 15 })).toBeGreaterThan(0);
  });

  it('keeps its word in the worst case: the classifier that knows all features of x', async () => {
    // d = 1: it answers A just for a share p of the features that x has. A shift by R, found by counting words, leaves half.
    const width = 0.5;
    for (const p of [0.6, 0.75, 0.95]) {
      const x = Math.fround(0.3);
      const [radius] = [
        new SplittingNoise({ halfWidth: width / 2 }).radius({ p, q: 1 - p }, { norm: 'l1', dimension: 1 }),
      ];
      const here = await featuresOf([x], spread, width);
      const after = async (shift: number): Promise<number> => {
        const there = await featuresOf([Math.fround(x + shift)], spread, width);
        const left = new Set(here.filter((feature, i) => feature !== there[i]));
        // The share p of features, those that the shift changes first.
        const order = [...here].sort((a, b) => Number(left.has(b)) - Number(left.has(a)));
        const answered = new Set(order.slice(0, Math.round(p * spread.length)));
        return there.filter((feature) => answered.has(feature)).length / spread.length;
      };
      expect(await after(radius)).toBeGreaterThanOrEqual(0.5 - 1.001 / spread.length);
      expect(await after(radius)).toBeLessThan(0.5 + 3 / spread.length);
      expect(await after(radius + 0.01)).toBeLessThan(0.5);
    }
  });

  it('says what it is', () => {
    expect(new SplittingNoise({ halfWidth: 0.3 })).toMatchObject({
      name: 'splitting',
      norms: ['l1', 'linf', 'l2'],
      domain: 'unit',
      parameters: { halfWidth: 0.3 },
      assumptions: ['uniform bits', 'float32 input', 'deterministic classifier independent of the batch'],
    });
  });
});
