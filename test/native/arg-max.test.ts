import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { nativeTensorflow } from '../helpers/guests.ts';

const native = nativeTensorflow();

/** The first index of the largest entry of each row. */
const slow = (values: ArrayLike<number>, length: number): number[] =>
  Array.from({ length: values.length / length }, (_, row) => {
    const own = Array.from({ length }, (__, i) => values[row * length + i]!);
    return own.indexOf(Math.max(...own));
  });

describe.skipIf('reason' in native)(
  `the arg max on TensorFlow${'reason' in native ? `: ${native.reason}` : ''}`,
  () => {
    beforeAll(() => useBackend('tensorflow'));

    // Four values, so that rows have ties; sizes beyond the one from which the kernel is another.
    it.each([
      [[3000, 19], 1],
      [[7, 900, 2], 2],
      [[5, 30, 40, 3], -1],
      [[6, 1], 1],
      [[9000], 0],
    ] as const)('is the lowest of the largest in %j', async (shape, axis) => {
      const x = tf.tidy(() => tf.floor(tf.randomUniform([...shape], -2, 2, 'float32', 5)));
      const before = tf.memory().numTensors;
      const found = tf.argMax(x, axis);
      expect(tf.memory().numTensors).toBe(before + 1);
      expect(found.shape).toEqual(shape.slice(0, -1));
      expect(found.dtype).toBe('int32');
      expect([...(await found.data())]).toEqual(slow(await x.data(), shape.at(-1)!));
      tf.dispose([x, found]);
    });

    it('of infinities and of another axis is what it was', async () => {
      const rows = [-Infinity, -Infinity, 3, Infinity, Infinity, 1, 0, -0, -1];
      const many = tf.tidy(() => tf.tile(tf.tensor2d(rows, [3, 3]), [1000, 1]));
      const found = tf.argMax(many, 1);
      expect([...(await found.data())].slice(0, 3)).toEqual([2, 0, 0]);
      const columns = tf.argMax(many, 0);
      expect([...(await columns.data())]).toEqual([1, 1, 0]);
      tf.dispose([many, found, columns]);
    });
  },
);
