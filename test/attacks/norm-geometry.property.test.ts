import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { normGeometry } from '../../src/attacks/norm-geometry.ts';
import type { LengthNorm } from '../../src/types.ts';
import { describeBackends } from '../helpers/backends.ts';
import { normals, shortenTwin } from './twins.ts';

const norms: readonly LengthNorm[] = ['l1', 'l2', 'linf'];
const length: Readonly<Record<LengthNorm, (v: readonly number[]) => number>> = {
  l1: (v) => v.reduce((sum, value) => sum + Math.abs(value), 0),
  l2: (v) => Math.hypot(...v),
  linf: (v) => Math.max(...v.map(Math.abs)),
};

const shorten = async (
  norm: LengthNorm,
  rows: readonly (readonly number[])[],
  epsilon: number,
): Promise<number[][]> => {
  const before = tf.tensor2d(rows as number[][]);
  const after = tf.tidy(() => normGeometry[norm].shorten(before, epsilon));
  const found = (await after.array()) as number[][];
  tf.dispose([before, after]);
  return found;
};

/** Numbers of very different sizes, with zeros and repetitions. */
const entries = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.25),
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.integer({ min: -20, max: 3 }).map((exponent) => 2 ** exponent),
);
const rows = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 })).chain(([d, n]) => {
  const row = fc.array(entries, { minLength: d, maxLength: d });
  return fc.array(row, { minLength: n, maxLength: n });
});
const epsilons = fc.double({ min: 0.01, max: 20, noNaN: true });

describeBackends('shortening to a ball', (backend) => {
  /** TensorFlow's own library computes with 0 in place of what is below the normal numbers. */
  const there = (value: number): number => (backend === 'tensorflow' && Math.abs(value) < 2 ** -126 ? 0 : value + 0);

  it.each(norms)('%s: gives the nearest vector, which is not too long', async (norm) => {
    await fc.assert(
      fc.asyncProperty(rows, epsilons, async (given, epsilon) => {
        const found = await shorten(norm, given, epsilon);
        for (const [i, row] of found.entries()) {
          // In l2 the length itself is rounded; in the others the result never exceeds epsilon.
          expect(length[norm](row)).toBeLessThanOrEqual(norm === 'l2' ? epsilon * (1 + 1e-6) : epsilon);
          const exact = shortenTwin(norm, given[i]!.map(Math.fround), epsilon);
          const scale = Math.max(1, ...given[i]!.map(Math.abs), epsilon);
          row.forEach((value, k) => expect(Math.abs(value - exact[k]!)).toBeLessThanOrEqual(1e-5 * scale));
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each(norms)('%s: leaves what is inside as it is', async (norm) => {
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        const inside = given.map((row) => row.map(Math.fround));
        const epsilon = 1.001 * Math.max(...inside.map(length[norm]), 0.01);
        const found = await shorten(norm, inside, epsilon);
        // Adding 0 makes one zero of two.
        expect(found.map((row) => row.map(there))).toEqual(inside.map((row) => row.map(there)));
      }),
      { numRuns: 30 },
    );
  });

  it.each(norms)('%s: holds for images of 3072 numbers', async (norm) => {
    const heavy = normals(1, 3072).map((value) => value ** 9);
    const images = [normals(2, 3072), heavy, normals(3, 3072).map(Math.exp), heavy.map((_, i) => 0.99 ** i)];
    for (const epsilon of [0.05, 1, 30]) {
      for (const [i, row] of (await shorten(norm, images, epsilon)).entries()) {
        expect(length[norm](row)).toBeLessThanOrEqual(norm === 'l2' ? epsilon * (1 + 1e-6) : epsilon);
        // The largest entry of the second image is near 1e5, so that float32 leaves two digits of 0.05.
        const possible = Math.min(epsilon, length[norm](images[i]!));
        expect(length[norm](row)).toBeGreaterThan((i === 1 ? 0.98 : 0.9999) * possible);
      }
    }
  });
});

describeBackends('directions', () => {
  it.each(norms)('%s: have length 1 and do not descend', async (norm) => {
    const gradient = [normals(4, 64), normals(5, 64).map((value) => 1e-6 * value), normals(6, 64).map((v) => v ** 9)];
    const before = tf.tensor2d(gradient);
    const after = tf.tidy(() => normGeometry[norm].unit(before));
    for (const [i, row] of ((await after.array()) as number[][]).entries()) {
      expect(length[norm](row)).toBeCloseTo(1, 5);
      row.forEach((value, k) => expect(value * gradient[i]![k]!).toBeGreaterThanOrEqual(0));
    }
    tf.dispose([before, after]);
  });
});
