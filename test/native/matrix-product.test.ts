import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { nativeTensorflow } from '../helpers/guests.ts';

const native = nativeTensorflow();

const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** A product on TensorFlow and on cpu. */
async function both(product: () => tf.Tensor): Promise<readonly [tf.TypedArray, tf.TypedArray]> {
  await tf.setBackend('tensorflow');
  const found = await tf.tidy(product).data();
  await tf.setBackend('cpu');
  const expected = await tf.tidy(product).data();
  await tf.setBackend('tensorflow');
  return [found, expected];
}

async function bits(x: tf.Tensor): Promise<Uint32Array> {
  return new Uint32Array(Float32Array.from(await x.data()).buffer);
}

describe.skipIf('reason' in native)(
  `products of matrices on TensorFlow${'reason' in native ? `: ${native.reason}` : ''}`,
  () => {
    beforeAll(() => useBackend('tensorflow'));

    it.each([
      [[1, 7], [7, 5], false, false],
      [[33, 40], [40, 3], false, false],
      [[33, 40], [3, 40], false, true],
      [[40, 33], [40, 3], true, false],
      [[3, 17, 6], [6, 4], false, false],
      [[3, 17, 6], [1, 4, 6], false, true],
      [[3, 17, 6], [3, 6, 4], false, false],
      [[17, 6], [3, 6, 4], false, false],
    ] as [number[], number[], boolean, boolean][])(
      'of %j and %j (%s, %s) are those of cpu',
      async (a, b, ...turned) => {
        const [found, expected] = await both(() => tf.matMul(normal(a, 1), normal(b, 2), ...turned));
        expect(found).toHaveLength(expected.length);
        found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
        await tf.setBackend('tensorflow');
        const shape = tf.matMul(tf.ones(a), tf.ones(b), ...turned).shape;
        await tf.setBackend('cpu');
        expect(shape).toEqual(tf.matMul(tf.ones(a), tf.ones(b), ...turned).shape);
        await tf.setBackend('tensorflow');
      },
    );

    it('pass NaN and infinities on in their own rows only', async () => {
      const [found, expected] = await both(() => {
        const rows = tf.tensor2d([1, 2, NaN, 1, Infinity, 1, 0, -Infinity, 3, 4], [5, 2]);
        return tf.matMul(rows, tf.tensor2d([1, 0, 2, 1, 1, -1], [2, 3]));
      });
      expect([...found]).toEqual([...expected]);
    });

    it.each([
      [800, 500],
      [500, 10],
      [7, 5],
    ])('of %i by %i have the same bits in a row of every batch and place', async (inner, columns) => {
      const matrix = normal([inner, columns], 3) as tf.Tensor2D;
      const all = normal([300, inner], 4);
      const expected = await bits(tf.matMul(all, matrix));
      for (const size of [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 64, 255]) {
        const some = tf.slice(all, 300 - size, size);
        const own = expected.subarray((300 - size) * columns);
        expect((await bits(tf.matMul(some, matrix))).every((word, i) => word === own[i])).toBe(true);
      }
    });

    it('have their gradients', async () => {
      const [found, expected] = await both(() => {
        const b = normal([6, 4], 2);
        const gradient = tf.grads((x, y) => tf.sum(tf.square(tf.matMul(x!, y!))));
        return tf.concat(gradient([normal([5, 6], 1), b]).map((x) => tf.reshape(x, [-1])));
      });
      found.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-3));
    });
  },
);
