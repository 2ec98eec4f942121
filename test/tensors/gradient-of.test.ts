import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { gradientSeeing } from '../../src/tensors/tape.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

describeBackends('gradientSeeing', () => {
  it('gives the gradient and what was seen on the way, inside and outside tidy, and leaks nothing', async () => {
    const x = tf.tensor2d([1, 2], [1, 2]);
    const square = (v: tf.Tensor): { value: tf.Tensor; seen: { cubes: tf.Tensor } } => {
      const squares = tf.square(v);
      return { value: tf.sum(squares), seen: { cubes: tf.mul(squares, v) } };
    };
    await expectNoLeak(async () => {
      for (const run of [
        () => gradientSeeing('test', square, x),
        () => tf.tidy(() => gradientSeeing('test', square, x)),
      ]) {
        const { gradient, seen } = run() as ReturnType<typeof gradientSeeing<{ cubes: tf.Tensor }>>;
        expect(Array.from(await gradient.data())).toEqual([2, 4]);
        expect(Array.from(await seen.cubes.data())).toEqual([1, 8]);
        tf.dispose([gradient, seen]);
      }
    });
    await expectNoLeak(() => tf.tidy(() => void gradientSeeing('test', square, x)));
    x.dispose();
  });

  it('sees tensors of the caller without disposing them', async () => {
    const x = tf.tensor2d([1, 2], [1, 2]);
    const own = tf.scalar(3);
    await expectNoLeak(() => {
      const { gradient, seen } = gradientSeeing('test', (v) => ({ value: tf.sum(tf.mul(v, own)), seen: { own } }), x);
      tf.dispose([gradient, seen]);
    });
    expect(own.isDisposed).toBe(false);
    tf.dispose([x, own]);
  });
});
