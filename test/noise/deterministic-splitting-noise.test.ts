import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { topClass } from '../../src/certify/vote-counts.ts';
import {
  DeterministicSplittingNoise,
  deterministicSplittingRadius,
} from '../../src/noise/deterministic-splitting-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { threefry2x32 } from '../../src/random/threefry.ts';
import { useBackend } from '../helpers/backends.ts';

beforeAll(() => useBackend('cpu'));

const CLASSES = 3;
const l1 = { norm: 'l1', dimension: 1 } as const;
const noiseOf = (levels: number, seed = 1): DeterministicSplittingNoise =>
  new DeterministicSplittingNoise({ halfWidth: levels / 510, key: createKey(seed) });

/** Features of all copies of an image of grey levels, one row for each copy. */
async function featuresOf(noise: DeterministicSplittingNoise, levels: readonly number[]): Promise<number[][]> {
  const x = tf.tensor1d(levels.map((level) => Math.fround(level / 255)));
  const copies = noise.perturb(x, { start: 0, count: noise.copies });
  const rows = (await copies.array()) as number[][];
  tf.dispose([x, copies]);
  return rows;
}

/** The features by the formula, in whole and half grey levels. */
function slowFeatures(noise: DeterministicSplittingNoise, levels: readonly number[]): number[][] {
  const L = noise.copies;
  const words = new Uint32Array(levels.length);
  fillBits(words, { key: noise.key, start: 0, dimension: levels.length });
  return Array.from({ length: L }, (_, t) =>
    levels.map((level, i) => {
      const template = Number((BigInt(words[i]!) * BigInt(L)) >> 32n);
      let upper = ((template + t) % L) + 0.5;
      while (upper < level) upper += L;
      return (Math.min(upper, 255) + Math.max(upper - L, 0)) / 510;
    }),
  );
}

/** A random classifier of one row of features: class 0, 1 or 2, the favourite with probability `bias`. */
function randomClass(seed: number, favourite: number, bias: number, row: readonly number[]): number {
  const [a = 0, b = 0, c = 0] = row.map((feature) => Math.round(feature * 510 * 2));
  const [first, second] = threefry2x32([seed, 2048 * b + a], c, 0);
  return first / 2 ** 32 < bias ? favourite : second % CLASSES;
}

function votes(rows: readonly (readonly number[])[], classify: (row: readonly number[]) => number): number[] {
  const counts = new Array<number>(CLASSES).fill(0);
  for (const row of rows) counts[classify(row)]!++;
  return counts;
}

/** All images at most `reach` l1 steps away, with their distance. */
function neighbours(levels: readonly number[], reach: number): { levels: number[]; distance: number }[] {
  return levels.reduce<{ levels: number[]; distance: number }[]>(
    (found, level) =>
      found.flatMap((start) => {
        const steps = [];
        for (let step = start.distance - reach; step <= reach - start.distance; step++) {
          if (level + step < 0 || level + step > 255) continue;
          steps.push({ levels: [...start.levels, level + step], distance: start.distance + Math.abs(step) });
        }
        return steps;
      }),
    [{ levels: [], distance: 0 }],
  );
}

describe('the copies of deterministic splitting noise', () => {
  it.each([1, 2, 3, 7, 51, 100, 128, 254, 255, 256, 300, 510])(
    'are those of the formula, %i levels',
    async (levels) => {
      const noise = noiseOf(levels, 5);
      expect(noise.copies).toBe(levels);
      const image = [0, 1, 2, 100, 127, 128, 200, 254, 255];
      const slow = slowFeatures(noise, image);
      const fast = await featuresOf(noise, image);
      const errors = fast.flatMap((row, t) => row.map((feature, i) => Math.abs(feature - slow[t]![i]!)));
      expect(Math.max(...errors)).toBeLessThan(2e-7);
      // Where the formula gives two features, so does the fast form, and where it gives one, it gives one.
      const keys = (rows: number[][]): number[] => {
        const seen = new Map<number, number>();
        return rows.flat().map((feature) => seen.get(feature) ?? (seen.set(feature, seen.size), seen.size - 1));
      };
      expect(keys(fast)).toEqual(keys(slow));
    },
  );

  it.each([1, 2, 3, 10, 51, 100, 254, 255, 256, 400])(
    'one step of one coordinate changes exactly one copy, %i levels, all 255 steps',
    async (levels) => {
      const noise = noiseOf(levels, 6);
      let rows = await featuresOf(noise, [0, 0, 0]);
      for (let level = 1; level < 256; level++) {
        const next = await featuresOf(noise, [level, level, level]);
        for (const i of [0, 1, 2]) {
          const changed = next.filter((row, t) => row[i] !== rows[t]![i]).length;
          expect(changed).toBe(1); // the place between two levels is split in exactly one copy
        }
        rows = next;
      }
    },
  );

  it('take an input to the nearest level, so float32 rounding of k/255 in the host does not matter', async () => {
    const noise = noiseOf(37);
    const image = Array.from({ length: 256 }, (_, k) => k);
    const exact = await featuresOf(noise, image);
    const x = tf.tensor1d(image.map((k) => Math.fround(k / 255) * (1 + ((k % 3) - 1) * 2 ** -22)));
    const copies = noise.perturb(x, { start: 0, count: 37 });
    expect(await copies.array()).toEqual(exact);
    tf.dispose([x, copies]);
  });

  it('are the same in any ranges', async () => {
    const noise = noiseOf(20);
    const x = tf.tensor3d([0, 0.2, 0.4, 0.6, 0.8, 1], [2, 3, 1]);
    const whole = noise.perturb(x, { start: 0, count: 20 });
    const parts = [noise.perturb(x, { start: 0, count: 13 }), noise.perturb(x, { start: 13, count: 7 })];
    const joined = tf.concat(parts);
    expect(whole.shape).toEqual([20, 2, 3, 1]);
    expect(await joined.data()).toEqual(await whole.data());
    tf.dispose([x, whole, ...parts, joined]);
  });

  it('depend on the key', async () => {
    const image = [10, 20, 30, 40];
    expect(await featuresOf(noiseOf(100, 1), image)).not.toEqual(await featuresOf(noiseOf(100, 2), image));
  });

  it('number as many as the levels between two splits, also where L/510 is rounded', () => {
    for (let levels = 1; levels <= 1000; levels++) expect(noiseOf(levels).copies).toBe(levels);
    expect(new DeterministicSplittingNoise({ halfWidth: 0.0999, key: createKey(0) }).copies).toBe(50);
    expect(new DeterministicSplittingNoise({ halfWidth: 128, key: createKey(0) }).copies).toBe(65_280);
  });
});

describe('deterministicSplittingRadius', () => {
  it.each([
    [[10, 0, 0], 0, 5],
    [[9, 0, 0], 0, 4],
    [[0, 10, 0], 1, 4], // a tie would go to class 0
    [[0, 9, 0], 1, 4],
    [[5, 5, 0], 0, 0],
    [[0, 6, 4], 1, 1],
    [[0, 4, 6], 2, 0],
    [[3, 7, 4], 1, 1],
    [[4, 7, 4], 1, 1],
    [[5, 6, 1], 1, 0],
    [[5, 6, 1], 0, 0], // not the most voted class
    [[2, 2, 6], 2, 1],
  ])('%o, class %i: %i levels', (counts, label, levels) => {
    expect(deterministicSplittingRadius(counts, label)).toBe(levels / 255);
  });

  it('looks at all other classes: one with fewer votes and a lower index may be nearer than the second', () => {
    // Class 2 is second, but a tie with class 0 is lost: (9 − 3) / 2 = 3 against ⌊(9 − 3 − 1) / 2⌋ = 2.
    expect(deterministicSplittingRadius([3, 9, 3], 1)).toBe(2 / 255);
    expect(deterministicSplittingRadius([2, 9, 3], 1)).toBe(3 / 255);
  });
});

describe('the certificate of deterministic splitting noise', () => {
  it.each([
    [1, [7, 100]],
    [2, [0, 255]],
    [3, [1, 254, 90]],
    [5, [3, 128]],
    [7, [0, 1, 255]],
    [8, [200, 201]],
    [12, [254, 30]],
  ] as const)('no random classifier changes its answer within it, %i levels around %o', async (levels, centre) => {
    const noise = noiseOf(levels, levels);
    const reach = Math.floor(levels / 2) + 1;
    const around = await Promise.all(
      neighbours(centre, reach).map(async (near) => ({ ...near, rows: await featuresOf(noise, near.levels) })),
    );
    const certified = new Array<number>(reach + 1).fill(0);
    let flipsBeyond = 0;
    for (let seed = 0; seed < 400; seed++) {
      const bias = 0.5 + (seed % 6) / 10;
      const answer = (rows: readonly (readonly number[])[]): number[] =>
        votes(rows, (row) => randomClass(seed, seed % CLASSES, bias, row));
      const counts = answer(around.find(({ distance }) => distance === 0)!.rows);
      const label = topClass(counts);
      const radius = noise.radius(counts, label, l1);
      const steps = Math.round(radius * 255);
      certified[steps]!++;
      let flips = false;
      for (const { distance, rows } of around) {
        if (distance > steps + 1) continue;
        const same = topClass(answer(rows)) === label;
        if (distance <= steps) expect(same, `seed ${seed}, distance ${distance}`).toBe(true);
        flips ||= !same;
      }
      if (flips) flipsBeyond++;
    }
    // The loop has met every radius, and classifiers that do change one step further.
    expect(certified.slice(0, reach - 1).every((count) => count > 0)).toBe(true);
    expect(flipsBeyond).toBeGreaterThan(0);
  });

  it.each([1, 2, 3, 6, 7, 255, 300])(
    'is tight: some classifier changes one step further, %i levels',
    async (levels) => {
      const noise = noiseOf(levels, 9);
      const centre = 100;
      const here = await featuresOf(noise, [centre]);
      for (const [label, other] of [
        [0, 1],
        [1, 0],
        [2, 1],
      ] as const) {
        const unanimous = new Array<number>(CLASSES).fill(0);
        unanimous[label] = levels;
        const steps = Math.round(noise.radius(unanimous, label, l1) * 255);
        const known = new Set(here.flat()); // all else belongs to the other class
        const answer = (rows: readonly (readonly number[])[]): number =>
          topClass(votes(rows, ([feature]) => (known.has(feature!) ? label : other)));
        for (let step = -steps; step <= steps; step++) {
          if (centre + step < 0 || centre + step > 255) continue;
          expect(answer(await featuresOf(noise, [centre + step]))).toBe(label);
        }
        const changed = await Promise.all([-1, 1].map((way) => featuresOf(noise, [centre + way * (steps + 1)])));
        expect(changed.map(answer)).toContain(other);
      }
    },
  );

  it('covers real distances of the float32 images up to the radius', () => {
    // One step more than the radius is always measured as more than the radius, whatever float32 makes of k/255.
    const most = Math.max(...Array.from({ length: 256 }, (_, k) => Math.abs(Math.fround(k / 255) - k / 255)));
    for (const steps of [0, 1, 100, 32_639]) {
      expect((steps + 1) / 255 - 2 * most * (steps + 1)).toBeGreaterThan(steps / 255);
    }
  });

  it('certifies l1 alone, and says what it is', () => {
    const noise = noiseOf(51, 3);
    expect(noise.radius([51, 0], 0, { norm: 'l1', dimension: 4 })).toBe(25 / 255);
    expect(noise.radius([51, 0], 0, { norm: 'l2', dimension: 4 })).toBe(0);
    expect(noise).toMatchObject({ name: 'deterministic-splitting', norms: ['l1'], domain: 'uint8', copies: 51 });
    const [key0, key1] = createKey(3);
    expect(noise.parameters).toEqual({ halfWidth: 51 / 510, key0, key1 });
    expect(noise.assumptions).toEqual(['8-bit input', 'deterministic classifier independent of the batch']);
  });
});
